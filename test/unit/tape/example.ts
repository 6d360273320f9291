import { Program, sym } from '../../../stages/tape/program.ts';

/** A small program that uses all there is: every kind of argument and data, an app, both architectures' numbers. */
export function newExample(): Program {
  const program = new Program();
  const pod = program.tape({ purpose: 'pod', cloneFlags: 0x20000n, cgroup: program.reg('leaf') });
  const start = program.tape({ purpose: 'start', app: 'web' });
  const at = { file: 'web.yaml', line: 14, col: 9 };
  const path = ['/pods/', sym('uuid'), '/root'] as const;
  pod.call('mkdirat', [-100, pod.text(path), 0o755], { at, why: 'make the root', tolerate: ['EEXIST'] });
  pod.call('openat', [-100, pod.text(path), 0], { at, out: program.reg('root') });
  pod.call('write', [
    program.reg('root'),
    pod.text(['0 ', sym('uidBase', 4)]),
    pod.lengthOf(['0 ', sym('uidBase', 4)]),
  ]);
  pod.call('fchownat', [program.reg('root'), pod.text('x'), sym('uidBase', 4), 0n, 0x100]);
  pod.call('tape.store32', [pod.buffer(16), program.reg('root')]);
  pod.call('sendto', [3, pod.bytes([Uint8Array.of(1, 2, 3, 4), sym('uidBase', 4), pod.text('x')]), 16]);
  start.call('execve', [start.text('/bin/true'), start.bytes([start.text('true'), new Uint8Array(8)]), 0], {
    at: { file: 'web.yaml', line: 20, col: 5 },
    why: 'execute "true"',
    tolerate: ['ENOENT', 'ENOTDIR'],
  });
  const hook = program.tape({ purpose: 'hook', app: 'web' });
  hook.call('execve', [hook.text('/bin/sync'), hook.bytes([hook.text('sync'), new Uint8Array(8)]), 0]);
  program.supervise({
    name: 'web',
    start,
    stopSignal: 15,
    graceMs: 10_000,
    logBytes: 4096,
    logFiles: 3,
    dependsOn: [],
    restart: { policy: 'always', backoffFirstMs: 100, backoffCapMs: 5000, healthyMs: 60_000 },
    hooks: { preStop: { tape: hook, limitMs: 1500 } },
    probes: [
      {
        role: 'live',
        delayMs: 1,
        periodMs: 1000,
        timeoutMs: 200,
        successes: 1,
        failures: 3,
        ask: { kind: 'connect', address: { data: program.bytes(Uint8Array.of(2, 0, 0, 80, 127, 0, 0, 1)), length: 8 } },
      },
    ],
    terminal: true,
    oom: program.reg('oom'),
  });
  return program;
}

export const BINDINGS = { uuid: '0000-01', uidBase: 0x12345678 } as const;
