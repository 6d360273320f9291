import type { Position } from '../error.ts';
import * as bpf from '../../linux/bpf.ts';

/** Devices of one type that may be used; an absent minor number means any. */
export interface DeviceRule {
  readonly type: 'char' | 'block';
  readonly major: number;
  readonly minor?: number;
  /** Any of `r`, `w` and `m`. */
  readonly access: string;
  readonly at?: Position;
}

const access = 'rwm';

/** null, zero, full, random, urandom, tty, console, ptmx and pseudo-terminals: the devices in a pod's /dev. */
export const DEFAULT_DEVICES: readonly DeviceRule[] = [
  ...[3, 5, 7, 8, 9].map((minor) => ({ type: 'char', major: 1, minor, access }) as const),
  ...[0, 1, 2].map((minor) => ({ type: 'char', major: 5, minor, access }) as const),
  { type: 'char', major: 136, access },
];

/** The rule in the format of version 1's devices.allow. */
export function deviceLine({ type, major, minor, access: may }: DeviceRule): string {
  return `${type === 'char' ? 'c' : 'b'} ${major}:${minor ?? '*'} ${may}`;
}

/** A BPF_PROG_TYPE_CGROUP_DEVICE program that returns 1 for what a rule allows and 0 for everything else. */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const program = [...loadContext(), ...rules.flatMap(matchRule), bpf.moveImmediate(0, 0), bpf.exit()];
  return Buffer.concat(program);
}

/** r2 type, r3 access, r4 major, r5 minor, from struct bpf_cgroup_dev_ctx in r1. */
function loadContext(): bpf.BpfInstruction[] {
  return [
    bpf.loadWord(2, 1, 0),
    bpf.moveRegister(3, 2),
    bpf.andImmediate(2, 0xffff),
    bpf.shiftRight(3, 16),
    bpf.loadWord(4, 1, 4),
    bpf.loadWord(5, 1, 8),
  ];
}

function matchRule({ type, major, minor, access: may }: DeviceRule): bpf.BpfInstruction[] {
  const allow = [bpf.moveImmediate(0, 1), bpf.exit()];
  const tests: ((skip: number) => bpf.BpfInstruction[])[] = [
    (skip) => [bpf.skipUnlessEqual(2, bpf.BPF_DEVCG_DEV[type], skip)],
    (skip) => [bpf.skipUnlessEqual(4, major, skip)],
  ];
  if (minor !== undefined) tests.push((skip) => [bpf.skipUnlessEqual(5, minor, skip)]);
  const denied = 7 & ~accessMask(may);
  // Every requested bit must be allowed.
  if (denied !== 0)
    tests.push((skip) => [bpf.moveRegister(1, 3), bpf.andImmediate(1, denied), bpf.skipUnlessEqual(1, 0, skip)]);
  return tests.toReversed().reduce((rest, test) => [...test(rest.length), ...rest], allow);
}

function accessMask(may: string): number {
  const { mknod, read, write } = bpf.BPF_DEVCG_ACC;
  return (may.includes('m') ? mknod : 0) | (may.includes('r') ? read : 0) | (may.includes('w') ? write : 0);
}
