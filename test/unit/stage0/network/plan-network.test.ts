import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeProgram } from '../../../../stages/tape/encode.ts';
import { type Op, Program, type Purpose, type Tape } from '../../../../stages/tape/program.ts';
import type { NetworkSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { planNetworkCleanup, planNetworkInside, planVeth } from '../../../../stages/stage0/network/plan-network.ts';
import { networkBindings } from '../../../../stages/stage0/network/symbols.ts';
import type { PublishedPort } from '../../../../stages/stage0/network/types.ts';

const AT = { file: 'web.yaml', line: 3, col: 1 };
const BRIDGE: NetworkSpec = { mode: 'bridge', at: AT };
const PORT: PublishedPort = {
  name: 'http',
  app: 'web',
  port: 80,
  protocol: 'tcp',
  hostPort: 8080,
  hostIP: '127.0.0.1',
  at: { file: 'web.yaml', line: 12, col: 9 },
};

function plan(purpose: Purpose, build: (tape: Tape) => void): Op[] {
  const tape = new Program().tape({ purpose });
  build(tape);
  return tape.ops;
}

function calls(ops: readonly Op[]): string {
  return ops.map(({ call }) => call).join(' ');
}

const CHECK = 'tape.check32';

test('attaching: the firewall in one exchange, the link in another', () => {
  const ops = plan('link', (tape) => planVeth(tape, BRIDGE, []));
  assert.equal(
    calls(ops),
    `socket sendto recvmmsg ${CHECK} ${CHECK} ${CHECK} close socket tape.store32 sendto recvmmsg ${CHECK} ${CHECK} close`,
  );
});

test('inside: one exchange for loopback, link, addresses and routes', () => {
  const ops = plan('network', (tape) => planNetworkInside(tape, BRIDGE));
  assert.equal(calls(ops), `socket ioctl sendmsg recvmmsg ${Array(6).fill(CHECK).join(' ')} close`);
});

test("without network only the loopback comes up; with the host's nothing is done", () => {
  assert.equal(
    calls(plan('network', (tape) => planNetworkInside(tape, { mode: 'none', at: AT }))),
    `socket sendto recvmmsg ${CHECK} close`,
  );
  for (const mode of ['none', 'host'] as const) {
    assert.deepEqual(
      plan('link', (tape) => planVeth(tape, { mode, at: AT }, [])),
      [],
    );
    assert.deepEqual(
      plan('cleanup', (tape) => planNetworkCleanup(tape, { mode, at: AT }, [])),
      [],
    );
  }
  assert.deepEqual(
    plan('network', (tape) => planNetworkInside(tape, { mode: 'host', at: AT })),
    [],
  );
});

test("every op says where it comes from and what for; a port's check names the port's line", () => {
  const program = new Program();
  const tape = program.tape({ purpose: 'link' });
  planVeth(tape, BRIDGE, [PORT]);
  planNetworkCleanup(tape, BRIDGE, [PORT]);
  planNetworkInside(tape, BRIDGE);
  for (const op of tape.ops) assert.ok(op.at && op.why, op.call);
  const ofPort = tape.ops.filter(({ at }) => at === PORT.at).map(({ call, why }) => [call, why]);
  assert.deepEqual(ofPort[0], [CHECK, 'publish port 80 as host port 8080']);
});

test('only the cleanup tolerates what is gone', () => {
  const tolerated = (ops: readonly Op[]): (string | undefined)[] =>
    ops.filter(({ call }) => call === CHECK).map(({ tolerate }) => tolerate?.join());
  assert.deepEqual(
    tolerated(plan('cleanup', (tape) => planNetworkCleanup(tape, BRIDGE, [PORT]))),
    Array(4).fill('ENOENT'),
  );
  assert.deepEqual(
    tolerated(plan('link', (tape) => planVeth(tape, BRIDGE, [PORT]))).slice(0, 4),
    Array(4).fill(undefined),
  );
});

test('claims are given back last', () => {
  const ops = plan('cleanup', (tape) => planNetworkCleanup(tape, BRIDGE, [PORT]));
  assert.deepEqual(
    ops.slice(-2).map(({ call }) => call),
    ['unlinkat', 'unlinkat'],
  );
});

test('the plan does not depend on the pod, its address or its bridge; the bound tape does', () => {
  const encode = (uuid: string, ip4: string): string => {
    const program = new Program();
    planVeth(program.tape({ purpose: 'link' }), BRIDGE, [PORT]);
    planNetworkInside(program.tape({ purpose: 'network' }), BRIDGE);
    const config = {
      bridge: 'podabcdef',
      table: 'pod-abcdef',
      subnet4: '10.1.16.0/20',
      gateway4: '10.1.16.1',
      subnet6: 'fd00::/64',
      gateway6: 'fd00::1',
    };
    const addresses = { ip4, ip6: 'fd00::2', mac: '06:70:00:00:00:01' };
    const bindings =
      uuid === '' ? {} : networkBindings('/r', config, addresses, uuid, { index: 7, mtu: 1500, isUp: true });
    return Buffer.from(encodeProgram(program, 'x86_64', bindings)).toString('hex');
  };
  assert.equal(encode('', '10.1.16.2'), encode('', '10.1.16.3'));
  const bound = encode('01234567-89ab-4cde-8111-111111111111', '10.1.16.2');
  assert.ok(bound.includes(Buffer.from('vp0123456789ab\0').toString('hex')));
  assert.ok(bound.includes('0a011002'));
});

test('an answer that never comes does not read as success', () => {
  const program = new Program();
  const tape = program.tape({ purpose: 'network' });
  planNetworkInside(tape, { mode: 'none', at: AT });
  const check = tape.ops.find(({ call }) => call === CHECK)!;
  const [ref] = check.args;
  assert.ok(typeof ref === 'object' && ref.kind === 'data');
  const item = program.data[ref.item]!;
  assert.ok(item.kind === 'bytes' && !(item.parts instanceof Uint8Array) && item.parts[0] instanceof Uint8Array);
  assert.equal(new DataView(item.parts[0].buffer).getInt32(ref.offset, true), -61);
});
