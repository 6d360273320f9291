import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkSpec, ProbeSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { planProbes } from '../../../../stages/stage0/plan/probes.ts';
import { Program, type SupervisedProbe } from '../../../../stages/tape/program.ts';
import { planDefault } from '../../../fuzz/tapes.ts';

const at = { file: 'pod.yaml', line: 9, col: 5 };
const { process } = planDefault().processes.get('main')!;

function plan(
  program: Program,
  question: ProbeSpec['question'],
  mode: 'bridge' | 'none' | 'host' = 'none',
): SupervisedProbe['ask'] {
  const times = { delayMs: 1, periodMs: 2, timeoutMs: 3, successes: 4, failures: 5 };
  const network: NetworkSpec = { mode, at };
  const [probe] = planProbes(program, {
    probes: [{ role: 'ready', ...times, question, at }],
    process,
    network,
  });
  return probe!.ask;
}

/** The bytes of the address, with a text in place of what a start binds. */
function addressOf(address: string, mode?: 'bridge' | 'none' | 'host'): (string | number)[] {
  const program = new Program();
  const ask = plan(program, { kind: 'tcp', port: 258, address, hostName: 'x' }, mode);
  assert.ok(ask.kind === 'connect');
  const item = program.data[ask.address.data.item]!;
  assert.ok(item.kind === 'bytes' && !(item.parts instanceof Uint8Array));
  const parts = item.parts.flatMap((part): (string | number)[] => {
    if (part instanceof Uint8Array) return [...part];
    return part.kind === 'sym' ? [part.name] : [];
  });
  const { length } = ask.address;
  assert.equal(length, parts.length + (parts.includes('ip4') ? 3 : 0));
  return parts;
}

const ZEROES = Array<number>(8).fill(0);

test('an address is a sockaddr_in or a sockaddr_in6, with port and address in network order', () => {
  assert.deepEqual(addressOf('127.0.0.1'), [2, 0, 1, 2, 127, 0, 0, 1, ...ZEROES]);
  const loopback6 = [...ZEROES, ...ZEROES.slice(1), 1];
  assert.deepEqual(addressOf('::1'), [10, 0, 1, 2, 0, 0, 0, 0, ...loopback6, 0, 0, 0, 0]);
});

test('the pod’s own address is bound at its start on a bridge, and is the loopback elsewhere', () => {
  assert.deepEqual(addressOf('pod', 'bridge'), [2, 0, 1, 2, 'ip4', ...ZEROES]);
  assert.deepEqual(addressOf('pod', 'none'), addressOf('127.0.0.1'));
  assert.deepEqual(addressOf('pod', 'host'), addressOf('127.0.0.1'));
});

test('a command is a tape like that of an exec, with nothing on its standard input, that names the probe’s line', () => {
  const program = new Program();
  const ask = plan(program, { kind: 'exec', command: ['/bin/check', 'x'] });
  assert.ok(ask.kind === 'tape');
  const { ops, options } = ask.tape;
  assert.deepEqual(options, { purpose: 'probe', app: 'main' });
  assert.deepEqual(
    ops.filter(({ call }) => call === 'execve').map(({ at: place, why }) => [place, why]),
    [[at, 'execute "/bin/check"']],
  );
  const calls = ops.map(({ call }) => call);
  for (const call of ['setsid', 'setns', 'capset', 'seccomp', 'fchown']) assert.ok(calls.includes(call), call);
  assert.ok(ops.some(({ call, why }) => call === 'openat' && why?.includes('standard input')));
});
