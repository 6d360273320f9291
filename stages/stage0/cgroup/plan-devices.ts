import * as bpf from '../../linux/bpf.ts';
import { O_DIRECTORY, O_RDONLY } from '../../linux/constants.ts';
import { offset, type Tape } from '../../tape/program.ts';
import type { CgroupWrite } from '../isolators/isolator.ts';
import type { CgroupHierarchy } from '../plan/facts.ts';
import { deviceLine, deviceProgram, type DeviceRule } from './devices.ts';
import { podPath } from './names.ts';
import { planWrites, withFile } from './plan-writes.ts';

const WHY = 'restrict the devices of the pod';

/** The pod's device policy: everything that no rule allows is denied. */
export function planDevices(host: Tape, hierarchy: CgroupHierarchy, rules: readonly DeviceRule[]): void {
  if (hierarchy.version === 1) planWrites(host, hierarchy.mountPoint, [], deviceWrites(rules));
  else attachProgram(host, hierarchy, rules);
}

function deviceWrites(rules: readonly DeviceRule[]): CgroupWrite[] {
  const deny: CgroupWrite = { controller: 'devices', file: 'devices.deny', value: 'a', why: 'refuse all devices' };
  const allow = rules.map((rule) => {
    const value = deviceLine(rule);
    return { controller: 'devices', file: 'devices.allow', value, at: rule.at, why: `allow device "${value}"` };
  });
  return [deny, ...allow];
}

/**
 * Version 2 has no files for the device policy: a program is loaded and attached to the pod's directory, or to one below it, and
 * ends with the directory. A process may use what the programs of all directories above it allow.
 */
export function attachProgram(
  host: Tape,
  { mountPoint }: CgroupHierarchy,
  rules: readonly DeviceRule[],
  below: readonly string[] = [],
): void {
  const program = host.program.reg('cgroup.program');
  const instructions = deviceProgram(rules);
  const { head, tail } = bpf.programLoadAttr(bpf.BPF_PROG_TYPE_CGROUP_DEVICE, instructions.byteLength / 8);
  const load = host.bytes([head, host.bytes(instructions), host.text('Apache-2.0'), tail]);
  const attach = host.bytes(bpf.programAttachAttr(bpf.BPF_CGROUP_DEVICE, bpf.BPF_F_ALLOW_MULTI));
  host.call('bpf', [bpf.BPF_PROG_LOAD, load, bpf.PROGRAM_LOAD_ATTR_BYTES], { out: program, why: WHY });
  withFile(host, podPath(mountPoint, ...below), O_RDONLY | O_DIRECTORY, { why: WHY }, (directory) => {
    host.call('tape.store32', [attach, directory]);
    host.call('tape.store32', [offset(attach, 4), program]);
    host.call('bpf', [bpf.BPF_PROG_ATTACH, attach, 16], { why: WHY });
  });
  host.call('close', [program]);
}
