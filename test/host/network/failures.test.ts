import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { NetlinkError, NetlinkSocket } from '../../../stages/linux/netlink-socket.ts';
import { NETLINK_ROUTE } from '../../../stages/linux/netlink.ts';
import { deleteLink, newBridge } from '../../../stages/linux/rtnetlink.ts';
import { ensureBridge, isBridgeBroken, mendBridge, removeBridge } from '../../../stages/stage0/network/bridge.ts';
import { claimAddresses, releaseAddresses } from '../../../stages/stage0/network/addresses.ts';
import { bridgeConfig } from '../../../stages/stage0/network/bridge-config.ts';
import { markerPath } from '../../../stages/stage0/network/find-bridge.ts';
import { releasePorts } from '../../../stages/stage0/network/port-claims.ts';
import { networkLedger, type NetworkEntry } from '../../../stages/stage0/network/ledger.ts';
import { undoNetwork } from '../../../stages/stage0/network/undo.ts';
import { planNetworkInside } from '../../../stages/stage0/network/plan-network.ts';
import * as claims from '../../../stages/stage0/pod/claims.ts';
import { Program } from '../../../stages/tape/program.ts';
import { TapeFault, TapePlayer } from '../../tape-player.ts';
import type { PublishedPort } from '../../../stages/stage0/network/types.ts';
import { inNamespace, Lab, type LabPod, publish, run } from './lab.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const C = '33333333-3333-4333-8333-333333333333';
const D = '44444444-4444-4444-8444-444444444444';

/** This file run again is one of several processes that want the bridge at once. */
const helperRoot = process.env['POD_TEST_ENSURE_BRIDGE'];
if (helperRoot !== undefined) {
  console.log(JSON.stringify(ensureBridge(helperRoot, bridgeConfig(helperRoot))));
  process.exit(0);
}

let lab: Lab;

before(async () => {
  lab = await Lab.start();
});

after(async () => {
  await lab.stop();
});

test('the first pods of a root, started at once, make one bridge and agree on it', async () => {
  const helpers = Array.from({ length: 4 }, () => {
    const env = { ...process.env, POD_TEST_ENSURE_BRIDGE: lab.root };
    return spawn('nsenter', [`--net=${lab.hostNs}`, process.execPath, __filename], { env });
  });
  const answers = await Promise.all(
    helpers.map(async (helper) => {
      let text = '';
      helper.stdout.on('data', (data: Buffer) => (text += data.toString()));
      const [code] = (await once(helper, 'close')) as [number];
      assert.equal(code, 0);
      return text.trim();
    }),
  );
  assert.equal(new Set(answers).size, 1);
  assert.equal(
    lab.inHost(() => removeBridge(claims, lab.root, lab.config)),
    true,
  );
});

test('a bridge that was left half made is finished by the next start', () => {
  const { config, root } = lab;
  lab.inHost(() => {
    using socket = new NetlinkSocket(NETLINK_ROUTE);
    socket.request([newBridge({ name: config.bridge, mac: Uint8Array.of(6, 0, 0, 0, 0, 1), mtu: 1500 })]);
    ensureBridge(root, config);
    assert.match(run(`ip -o addr show ${config.bridge}`), new RegExp(`${config.gateway4}/20`));
    assert.match(run('nft list tables'), new RegExp(`inet ${config.table}\ntable bridge ${config.table}`));
    assert.equal(removeBridge(claims, root, config), true);
    assert.equal(run('nft list tables'), '');
  });
});

test('a bridge that was left half made is none after somebody wanted to remove it', () => {
  const { config, root } = lab;
  lab.inHost(() => {
    using socket = new NetlinkSocket(NETLINK_ROUTE);
    socket.request([newBridge({ name: config.bridge, mac: Uint8Array.of(6, 0, 0, 0, 0, 1), mtu: 1500 })]);
    const addresses = claimAddresses(claims, root, config, A);
    assert.equal(removeBridge(claims, root, config), false);
    ensureBridge(root, config);
    assert.match(run('nft list tables'), new RegExp(`inet ${config.table}\ntable bridge ${config.table}`));
    releaseAddresses(claims, root, addresses, A);
    assert.equal(removeBridge(claims, root, config), true);
  });
});

test('a firewall element that cannot be added names the line of its port, and nothing of the pod stays', async () => {
  const port = { ...publish(8080), at: { file: 'web.yaml', line: 12, col: 9 } };
  const a = await lab.pod(A, [port]);
  // As if its claim had been lost.
  releasePorts(claims, lab.root, [port], A);
  const refused = await lab.pod(B, [publish(8081), port]).catch((error: unknown) => error);
  assert.ok(refused instanceof TapeFault);
  assert.deepEqual(refused.op.at, port.at);
  assert.equal(refused.op.why, 'publish port 80 as host port 8080');
  const rules = lab.inHost(() => run('nft list ruleset'));
  assert.doesNotMatch(rules, /8081|vp222222222222/);
  await a.cleanUp();
  claims.releaseAll(lab.root, B);
});

test('what a killed pod leaves is undone from its ledger alone, also twice', async () => {
  const port = publish(8082);
  const a = await lab.pod(A, [port]);
  const ledger = networkLedger(A, { config: lab.config, addresses: a.addresses }, [port]);
  await a.agent.stop();
  const [entry] = JSON.parse(JSON.stringify(ledger)) as [NetworkEntry];
  for (let i = 0; i < 2; i++) lab.inHost(() => undoNetwork(claims, lab.root, entry));
  const left = lab.inHost(() => run('nft list ruleset') + run('ip -o link'));
  assert.doesNotMatch(left, /8082|vp111111111111/);
  assert.deepEqual(claims.listClaims(lab.root), []);
});

test("undoing a dead pod leaves alone a port that is another pod's by now", async () => {
  const port = publish(8083);
  const a = await lab.pod(A, [port]);
  const [entry] = networkLedger(A, { config: lab.config, addresses: a.addresses }, [port]);
  await a.cleanUp();
  const b = await lab.pod(B, [port]);
  lab.inHost(() => undoNetwork(claims, lab.root, entry!));
  assert.equal(await lab.host.connect({ host: '127.0.0.1', port: 8083 }), lab.config.gateway4);
  await b.cleanUp();
});

test('the cleanup tape does no harm after the firewall was flushed', async () => {
  const a = await lab.pod(A, [publish(8084)]);
  lab.inHost(() => run('nft flush ruleset'));
  await a.cleanUp();
  assert.deepEqual(claims.listClaims(lab.root), []);
  assert.equal(
    lab.inHost(() => removeBridge(claims, lab.root, lab.config)),
    true,
  );
});

/** As its ledger has it. */
function entryOf({ uuid, addresses }: LabPod, ports: readonly PublishedPort[]): NetworkEntry {
  return networkLedger(uuid, { config: lab.config, addresses }, ports)[0]!;
}

for (const [what, commands] of [
  ['a firewall that was flushed', ['nft flush ruleset']],
  ['a firewall that lost one of its tables', ['nft delete table bridge TABLE']],
  ['a bridge that was deleted', ['ip link del BRIDGE']],
  ['a bridge and a firewall that are gone', ['nft flush ruleset', 'ip link del BRIDGE']],
] as const) {
  test(`${what} comes back with all that the pods had in it`, async () => {
    const { config, root } = lab;
    const ports = [publish(8086), publish(8087, { hostIP: '192.0.2.2' })];
    const [a, b] = [await lab.pod(A, ports), await lab.pod(B)];
    const before = lab.inHost(firewallState);
    lab.inHost(() => {
      for (const command of commands) run(command.replace('TABLE', config.table).replace('BRIDGE', config.bridge));
      assert.equal(isBridgeBroken(root, config), true);
      // A pod that is not here any more, and one whose link is not there yet.
      const others = [C, D].map((uuid) => ({ ...entryOf({ ...a, uuid }, []), uuid }));
      assert.equal(
        mendBridge(root, config, () => [...others, entryOf(a, ports), entryOf(b, [])]),
        true,
      );
      assert.equal(
        mendBridge(root, config, () => [entryOf(a, ports)]),
        false,
      );
    });
    assert.equal(lab.inHost(firewallState), before);
    assert.equal(await lab.host.connect({ host: '127.0.0.1', port: 8086 }), config.gateway4);
    assert.equal(await lab.outside.connect({ host: '192.0.2.2', port: 8087 }), '192.0.2.1');
    assert.equal(await a.agent.connect({ host: b.addresses.ip4, port: 80 }), a.addresses.ip4);
    await Promise.all([a.cleanUp(), b.cleanUp()]);
    assert.equal(
      lab.inHost(() => removeBridge(claims, root, config)),
      true,
    );
  });
}

test('a network that was left half mended is mended the next time', async () => {
  const { config, root } = lab;
  const ports = [publish(8089)];
  const a = await lab.pod(A, ports);
  lab.inHost(() => {
    run('nft flush ruleset');
    // Killed when the tables were there and the pods not in them yet: the note that all is whole comes last.
    rmSync(markerPath(root));
    ensureBridge(root, config);
    rmSync(markerPath(root));
    assert.equal(
      mendBridge(root, config, () => [entryOf(a, ports)]),
      true,
    );
  });
  assert.equal(await lab.host.connect({ host: '127.0.0.1', port: 8089 }), config.gateway4);
  await a.cleanUp();
});

test('a pod that ended while the firewall was made anew leaves nothing in it', async () => {
  const { config, root } = lab;
  const ports = [publish(8088)];
  const [a, b] = [await lab.pod(A, ports), await lab.pod(B)];
  lab.inHost(() => {
    run('nft flush ruleset');
    let asked = 0;
    // What is asked last is who is still there.
    mendBridge(root, config, () => (asked++ < 2 ? [entryOf(a, ports), entryOf(b, [])] : [entryOf(b, [])]));
    assert.doesNotMatch(run('nft list ruleset'), /8088|vp111111111111/);
  });
  await Promise.all([a.cleanUp(), b.cleanUp()]);
});

/** What stands in it, in an order of its own. */
function firewallState(): string {
  return run('nft -j list ruleset')
    .replaceAll(/"handle": ?\d+/g, '')
    .split(/(?=\{"(?:table|chain|set|map|rule)")/)
    .map((text) => text.split('').sort().join(''))
    .sort()
    .join('\n');
}

test("a refused message carries the kernel's own words", () => {
  lab.inHost(() => {
    using socket = new NetlinkSocket(NETLINK_ROUTE);
    const bridge = newBridge({ name: 'br0', mac: Uint8Array.of(6, 0, 0, 0, 0, 1), mtu: 7 });
    assert.throws(
      () => socket.request([deleteLink('nothing'), bridge], [19]),
      (error) =>
        error instanceof NetlinkError && error.index === 1 && error.kernelText === 'mtu less than device minimum',
    );
  });
});

test('a pod without network has its loopback', () => {
  const program = new Program();
  const tape = program.tape({ purpose: 'pod' });
  planNetworkInside(tape, { mode: 'none', at: { file: 'web.yaml', line: 3, col: 1 } });
  run(`ip netns add ${lab.name}n`);
  try {
    inNamespace(`/run/netns/${lab.name}n`, () => new TapePlayer(program).play(tape));
    assert.match(run(`ip -n ${lab.name}n link show lo`), /LOOPBACK,UP/);
  } finally {
    run(`ip netns del ${lab.name}n`);
  }
});
