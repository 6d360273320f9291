import { parseManifest } from '../../stages/stage0/manifest/parse.ts';
import type { PodSpec } from '../../stages/stage0/manifest/spec.ts';
import type { HostFacts } from '../../stages/stage0/plan/facts.ts';
import { planExecProgram } from '../../stages/stage0/plan/exec-program.ts';
import { lookFor } from '../../stages/stage0/plan/look-for.ts';
import { planPod } from '../../stages/stage0/plan/plan.ts';
import type { NetworkPlan, Plan } from '../../stages/stage0/plan/types.ts';
import { HOOK_NAMES } from '../../stages/tape/format.ts';
import { encodeProgram } from '../../stages/tape/encode.ts';
import { ANSWER_KINDS } from '../../stages/tape/format.ts';
import { Program, type Tape } from '../../stages/tape/program.ts';
import type { Span, SupervisedProbe } from '../../stages/tape/program.ts';
import { HYBRID, newHost } from '../unit/stage0/isolators/host.ts';

/** A pod as `pod plan` would lower it, on an invented host and with an image that is nowhere. */
export function planDefault(apps: readonly object[] = [{ name: 'main', image: 'host', exec: ['/bin/true'] }]): Plan {
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'golden' }, network: { mode: 'none' }, apps };
  const { spec, errors } = parseManifest(JSON.stringify(manifest), 'golden.yaml', { baseDir: '/' });
  if (!spec) throw new Error(errors.map(({ message }) => message).join('\n'));
  return planSpec(spec);
}

function nothing(): void {}

const NO_NETWORK: NetworkPlan = { planLink: nothing, planInside: nothing, planSettle: nothing };

/** The same for any pod. */
export function planSpec(spec: PodSpec, host: HostFacts = goldenFacts(), network: NetworkPlan = NO_NETWORK): Plan {
  const image = { ref: 'host', digest: '', mounts: [], config: { entrypoint: [], command: [], env: {}, volumes: [] } };
  const user = { uid: 0, gid: 0, supplementaryGids: [], home: '/root' };
  return planPod({
    spec,
    apps: spec.apps.map((app) => ({ spec: app, image, user, hasPlainEtc: false })),
    facts: lookFor(spec, host, '/pods'),
    network,
    fileVolumes: new Set(),
    layersDir: '/layers',
    podsDir: '/pods',
  });
}

/** The architecture of the machine that fuzzes: stage1 refuses another's tapes. */
export function goldenFacts(arch: HostFacts['arch'] = 'x86_64'): HostFacts {
  return newHost(HYBRID, { arch });
}

/** A few ops of every kind, so that a mutation is likely to hit what matters. */
function newSmallProgram(): Program {
  const program = new Program();
  const pod = program.tape({ purpose: 'pod', cloneFlags: 0x2c020000n, cgroup: program.reg('cgroup') });
  const attach = program.tape({ purpose: 'attach' });
  const buffer = pod.buffer(64);
  pod.call('openat', [-100, pod.text('/x'), 0, 0], { out: program.reg('x'), tolerate: ['ENOENT', 'EACCES'] });
  pod.call('tape.store32', [buffer, program.reg('x')]);
  pod.call('tape.store64', [buffer, 7n]);
  pod.call('tape.check32', [buffer]);
  pod.call('tape.equal', [buffer, pod.text('/x'), 1]);
  pod.call('writev', [
    program.reg('x'),
    pod.bytes([pod.text('a'), new Uint8Array(8), pod.text('b'), new Uint8Array(8)]),
    2,
  ]);
  attach.call('openat', [program.reg('initProc'), attach.text('ns/net'), 0], {
    out: program.reg('net'),
    handOver: true,
  });
  serve(program);
  superviseTwo(program);
  return program;
}

/** A metadata service with one path of each kind, and words for every trouble. */
function serve(program: Program): void {
  const tape = program.tape({ purpose: 'serve' });
  const uuid = '01234567-89ab-cdef-0123-456789abcdef';
  const key = program.bytes(new Uint8Array(64));
  tape.call('tape.serve', [key, 64, tape.text(uuid), uuid.length, program.reg('x'), 5000]);
  ANSWER_KINDS.forEach((kind, index) => {
    const path = index < 3 ? `/t/${kind}` : '';
    const text = `HTTP/1.1 200 OK\r\n\r\n${kind}`;
    tape.call('tape.answer', [tape.text(path), path.length, index, tape.text(text), 19, text.length]);
  });
}

const RESTART = {
  policy: 'on-failure',
  maxRetries: 3,
  backoffFirstMs: 10,
  backoffCapMs: 100,
  healthyMs: 1000,
} as const;

function probesOf(program: Program, tape: Tape): SupervisedProbe[] {
  const span = (text: string): Span => ({ data: program.bytes(new TextEncoder().encode(text)), length: text.length });
  const common = { delayMs: 0, periodMs: 100, timeoutMs: 50, successes: 1, failures: 3 };
  const address = span('0123456789abcdef');
  const request = span('GET / HTTP/1.1\r\n\r\n');
  return [
    { ...common, role: 'start', ask: { kind: 'tape', tape } },
    { ...common, role: 'ready', ask: { kind: 'http', address, request, statuses: [200, 399] } },
    { ...common, role: 'live', ask: { kind: 'grpc', address, request, statuses: [1, 1] } },
  ];
}

function superviseTwo(program: Program): void {
  const common = { stopSignal: 15, graceMs: 100, logBytes: 1000, logFiles: 2, restart: RESTART };
  for (const [i, name] of ['db', 'web'].entries()) {
    const before = program.tape({ purpose: 'before', app: name });
    const after = program.tape({ purpose: 'after', app: name });
    const start = program.tape({ purpose: 'start', app: name });
    for (const tape of [before, after, start]) tape.call('write', [program.reg('x'), tape.text(name), name.length]);
    const dependsOn = i === 0 ? [] : [{ app: 0, condition: 'completed' as const }];
    const hook = program.tape({ purpose: 'hook', app: name });
    const probe = program.tape({ purpose: 'probe', app: name });
    for (const tape of [hook, probe]) tape.call('write', [program.reg('x'), tape.text(name), name.length]);
    program.supervise({
      ...common,
      name,
      start,
      before,
      after,
      dependsOn,
      hooks: Object.fromEntries(HOOK_NAMES.map((hookName, n) => [hookName, { tape: hook, limitMs: 100 + n }])),
      // The first app's are asked at once, the second one's when its start probe has passed.
      probes: probesOf(program, probe).slice(1 - i),
      kill: program.reg('kill'),
      oom: program.reg('oom'),
    });
  }
}

/** Tapes the encoder really writes, from the smallest to a pod of several apps. */
export function newCorpus(arch: HostFacts['arch']): Map<string, Uint8Array> {
  const small = newSmallProgram();
  const plan = planDefault();
  const many = planDefault(['a', 'b', 'c', 'd'].map((name) => ({ name, image: 'host', exec: ['/bin/true'] })));
  const { process } = plan.processes.get('main')!;
  const registers = Object.fromEntries([...plan.program.registers].map(([name, { index }]) => [name, index]));
  const exec = planExecProgram(process, registers, undefined, true);
  const programs = { small, pod: plan.program, many: many.program, exec };
  return new Map(Object.entries(programs).map(([name, program]) => [name, encodeProgram(program, arch)]));
}
