import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';
import type { PodSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { planNetwork } from '../../../../stages/stage0/launch/plan-network.ts';
import type { CgroupHierarchy } from '../../../../stages/stage0/plan/facts.ts';
import type { Op, Program, Purpose, Reg, Tape } from '../../../../stages/tape/program.ts';
import { planSpec } from '../../../fuzz/tapes.ts';
import { HYBRID, newHost, V1, V2 } from '../isolators/host.ts';

/** Played by the monitor: before init is cloned, which inherits what is there; and after. */
const BEFORE: readonly Purpose[] = ['enter', 'host'];
const AFTER: readonly Purpose[] = ['base', 'leaves', 'link', 'attach'];
const CLEANING: readonly Purpose[] = ['cleanup', 'settle'];

const MANIFEST = {
  apiVersion: 'pod/v1',
  kind: 'Pod',
  metadata: { name: 'all' },
  network: { mode: 'none' },
  volumes: [
    { name: 'disk', kind: 'empty' },
    { name: 'fast', kind: 'empty', medium: 'memory' },
    { name: 'text', kind: 'inline', files: { a: 'b' } },
    { name: 'host', kind: 'host', source: '/srv' },
  ],
  apps: ['one', 'two'].map((name) => ({
    name,
    image: 'host',
    exec: ['/bin/true'],
    mounts: ['disk', 'fast', 'text', 'host'].map((volume) => ({ volume, path: `/${volume}` })),
    isolators: { 'resource/cpu': { limit: 1 }, 'resource/memory': { limit: '64Mi' }, 'resource/pids': { limit: 9 } },
    hooks: { postStart: ['/bin/true'] },
    probes: { ready: { exec: ['/bin/true'] } },
  })),
};

function isReg(arg: unknown): arg is Reg {
  return typeof arg === 'object' && arg !== null && (arg as { kind?: string }).kind === 'reg';
}

function opsOf({ tapes }: Program, purposes: readonly Purpose[]): Op[] {
  return tapes.filter(({ options }) => purposes.includes(options.purpose)).flatMap(({ ops }) => ops);
}

/** Registers that a tape reads before it writes them. */
function readBy({ ops }: Tape, written: Set<number>): Reg[] {
  const read: Reg[] = [];
  for (const { args, out } of ops) {
    read.push(...args.filter(isReg).filter(({ index }) => !written.has(index)));
    if (out) written.add(out.index);
  }
  return read;
}

function specOf(manifest: object): PodSpec {
  const { spec, errors } = parseManifest(JSON.stringify(manifest), 'all.yaml', { baseDir: '/' });
  assert.ok(spec, String(errors[0]?.message));
  return spec;
}

test('on a network of plugins, init gets the files that are written while the monitor waits, and keeps none of them', () => {
  const spec = specOf({ ...MANIFEST, network: { mode: 'cni:lan' } });
  const host = newHost(V2);
  const { program } = planSpec(spec, host, planNetwork(spec, host));
  const calls = (purpose: Purpose): string[] => opsOf(program, [purpose]).map(({ call }) => call);
  assert.deepEqual(calls('link'), ['tape.store32', 'sendto', 'recvmsg', 'tape.equal']);
  const late = opsOf(program, ['attach']).filter(({ why }) => /^open the pod's (hosts|resolv\.conf)$/.test(why ?? ''));
  assert.deepEqual(
    late.map(({ handOver }) => handOver),
    [true, true],
  );
  const closed = opsOf(program, ['pod']).filter(({ call }) => call === 'close');
  for (const { out } of late) assert.ok(closed.some(({ args }) => isReg(args[0]) && args[0].index === out!.index));
  assert.deepEqual(calls('settle').slice(-4), ['openat', 'dup3', 'rt_sigprocmask', 'execve']);
});

for (const [name, hierarchies] of Object.entries({ HYBRID, V1, V2 }) as [string, readonly CgroupHierarchy[]][]) {
  test(`init is handed over all that it uses of what the monitor made after the clone: ${name}`, () => {
    const { program } = planSpec(specOf(MANIFEST), newHost(hierarchies));
    const inherited = new Set(opsOf(program, BEFORE).flatMap(({ out }) => (out ? [out.index] : [])));
    const made = opsOf(program, AFTER).filter(({ out }) => out && !inherited.has(out.index));
    const missing = new Set(made.flatMap(({ out, handOver }) => (handOver ? [] : [out!.index])));
    const handed = new Set(made.flatMap(({ out, handOver }) => (handOver ? [out!.index] : [])));
    const own = program.tapes.filter(
      ({ options: { purpose } }) => ![...BEFORE, ...AFTER, ...CLEANING].includes(purpose),
    );
    const written = new Set<number>();
    const used = own.flatMap((tape) => [
      ...readBy(tape, written),
      ...(tape.options.cgroup ? [tape.options.cgroup] : []),
    ]);
    const watched = program.apps.flatMap(({ kill, oom, procs }) => [kill, oom, procs].flatMap((reg) => reg ?? []));
    const wellKnown = (['control', 'events', 'final', 'logs'] as const).map((reg) => program.reg(reg));
    const all = [...used, ...watched, ...wellKnown];
    assert.deepEqual(
      all.filter(({ index }) => missing.has(index) && !handed.has(index)).map((reg) => reg.name),
      [],
    );
    assert.ok(handed.size > 8, `${handed.size} are handed over`);
    // And it is born where it is to be.
    const birthplace = program.tapes.find(({ options }) => options.purpose === 'pod')?.options.cgroup;
    assert.equal(birthplace === undefined || inherited.has(birthplace.index), true);
    assert.equal(birthplace === undefined, name === 'V1');
  });
}
