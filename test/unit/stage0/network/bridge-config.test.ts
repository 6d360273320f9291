import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { bridgeConfig, chooseBridge, refuseOverlap } from '../../../../stages/stage0/network/bridge-config.ts';
import { type HostRoutes, parseHostRoutes } from '../../../../stages/stage0/network/host-routes.ts';
import { overlaps4, parsePrefix4 } from '../../../../stages/stage0/network/ip.ts';

const root = mkdtempSync(join(tmpdir(), 'pod-bridge-config-'));
after(() => rmSync(root, { recursive: true }));

function routesTo(...prefixes: string[]): HostRoutes {
  return { devices: ['eth0'], prefixes4: prefixes.map((prefix) => ({ ...parsePrefix4(prefix), device: 'eth0' })) };
}

test('the same root gives the same names and networks, another root others', () => {
  const config = chooseBridge('/var/lib/pod', routesTo());
  assert.deepEqual(chooseBridge('/var/lib/pod', routesTo()), config);
  const other = chooseBridge('/srv/pod', routesTo());
  for (const key of ['bridge', 'table', 'subnet4', 'subnet6'] as const) assert.notEqual(config[key], other[key]);
});

test('names fit the kernel and networks are private', () => {
  const config = chooseBridge('/var/lib/pod', routesTo());
  assert.match(config.bridge, /^pod[0-9a-f]{6}$/);
  assert.match(config.table, /^pod-[0-9a-f]{6}$/);
  assert.match(config.subnet4, /^10\.\d+\.\d+\.0\/20$/);
  assert.match(config.subnet6, /^fd[0-9a-f]{2}:.*::\/64$/);
  assert.equal(config.gateway6, config.subnet6.replace('::/64', '::1'));
});

test("a subnet is outside all the host's routes", () => {
  const first = chooseBridge('/var/lib/pod', routesTo());
  const taken = [first.subnet4, '10.0.0.0/9'];
  const { subnet4 } = chooseBridge('/var/lib/pod', routesTo(...taken));
  for (const prefix of taken) assert.equal(overlaps4(parsePrefix4(prefix), parsePrefix4(subnet4)), false);
});

test('where 10.0.0.0/8 is taken the next private range serves', () => {
  assert.match(chooseBridge('/a', routesTo('10.0.0.0/8')).subnet4, /^172\.(1[6-9]|2\d|3[01])\./);
  assert.match(chooseBridge('/a', routesTo('10.0.0.0/8', '172.16.0.0/12')).subnet4, /^192\.168\./);
});

test('a host with routes to everything is told so', () => {
  const everything = routesTo('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10');
  assert.throws(
    () => chooseBridge('/a', everything),
    (error) => error instanceof PodError && error.code === 'network/exhausted',
  );
});

test('what was chosen stays chosen, whatever the routes are later', () => {
  const chosen = bridgeConfig(root, () => routesTo());
  assert.deepEqual(
    bridgeConfig(root, () => assert.fail('the routes are not read again')),
    chosen,
  );
  assert.deepEqual(readdirSync(root), ['network.json']);
});

test('a damaged choice is an error, not a new choice', () => {
  const dir = mkdtempSync(join(root, 'damaged-'));
  for (const text of ['', '{', 'null', '{"bridge": 7}']) {
    writeFileSync(join(dir, 'network.json'), text);
    assert.throws(
      () => bridgeConfig(dir, () => routesTo()),
      (error) => error instanceof PodError && error.code === 'state/io',
      text,
    );
  }
});

test('a route that came later and swallows the subnet is refused, the own bridge is not', () => {
  const config = chooseBridge('/a', routesTo());
  assert.throws(
    () => refuseOverlap(config, routesTo('10.0.0.0/8'), '/a'),
    (error) => error instanceof PodError && error.code === 'network/failed',
  );
  const own = { devices: [], prefixes4: [{ ...parsePrefix4(config.subnet4), device: config.bridge }] };
  refuseOverlap(config, own, '/a');
});

test("the kernel's route tables are read", () => {
  const route4 = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth1\t0010010A\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0',
  ].join('\n');
  const zero = '0'.repeat(32);
  const route6 = `${zero} 00 ${zero} 00 ${zero} 00000400 00000002 00000000 00000003     wg0\n${zero} 80 ${zero} 00 ${zero} 0 0 0 0     lo\n`;
  const routes = parseHostRoutes(`${route4}\n`, route6);
  assert.deepEqual(routes.devices, ['eth0', 'eth1', 'wg0']);
  assert.deepEqual(routes.prefixes4, [{ ...parsePrefix4('10.1.16.0/20'), device: 'eth1' }]);
});

test('a default route in pieces, as VPNs write it, leaves pods a subnet', () => {
  const lines = [
    'header',
    'tun0\t00000000\t0\t1\t0\t0\t0\t00000080\t0\t0\t0',
    'tun0\t00000080\t0\t1\t0\t0\t0\t00000080\t0\t0\t0',
  ];
  const routes = parseHostRoutes([...lines, 'tun0\t0000000A\t0\t1\t0\t0\t0\t000000FF\t0\t0\t0'].join('\n'), '');
  assert.deepEqual(routes, { devices: ['tun0'], prefixes4: [{ ...parsePrefix4('10.0.0.0/8'), device: 'tun0' }] });
});
