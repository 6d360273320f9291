import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigFault, hasCapability, parseNetworkConfig } from '../../../../../stages/stage0/network/cni/config.ts';
import { configDir, pluginDirs, readNetworks } from '../../../../../stages/stage0/network/cni/find.ts';
import { findJsonFault } from '../../../../../stages/stage0/network/cni/json-fault.ts';
import { readResult } from '../../../../../stages/stage0/network/cni/result.ts';
import { parseState } from '../../../../../stages/stage0/network/cni/state.ts';

const dir = mkdtempSync(join(tmpdir(), 'pod-cni-conf-'));
after(() => rmSync(dir, { recursive: true }));

function faultOf(value: unknown): string {
  try {
    parseNetworkConfig(typeof value === 'string' ? value : JSON.stringify(value), 'f');
  } catch (error) {
    assert.ok(error instanceof ConfigFault, String(error));
    return error.message;
  }
  return '';
}

test('a list of plugins and a single plugin are read; without a version it is 0.1.0', () => {
  const list = { name: 'lan', cniVersion: '1.0.0', plugins: [{ type: 'bridge' }, { type: 'portmap' }] };
  assert.deepEqual(parseNetworkConfig(JSON.stringify(list), 'f'), { ...list, file: 'f' });
  const one = { name: 'one', type: 'ptp', mtu: 9000 };
  const read = parseNetworkConfig(JSON.stringify(one), 'f');
  assert.deepEqual(read, { name: 'one', cniVersion: '0.1.0', plugins: [one], file: 'f' });
});

test('what is no configuration is told apart, with the line of what is no JSON', () => {
  assert.equal(faultOf('{\n  "name": "lan"\n  "type": "ptp"\n}'), 'f:3:3: unexpected "\\""');
  assert.equal(faultOf([]), 'f: it is not a JSON object');
  assert.equal(faultOf({ type: 'ptp' }), 'f: it has no "name"');
  assert.equal(faultOf({ name: 'a', cniVersion: 1, type: 'x' }), 'f: its "cniVersion" is not a string');
  for (const plugins of [[], {}, null])
    assert.equal(faultOf({ name: 'a', plugins }), 'f: its "plugins" are not a list of plugins');
  for (const type of ['../evil', '/bin/sh', '', undefined, '.'])
    assert.equal(
      faultOf({ name: 'a', plugins: [{ type: 'ptp' }, { type }] }),
      'f: plugin 2 has no "type" that is the name of a program',
    );
  assert.equal(
    faultOf({ name: 'a', type: 'ptp', capabilities: [] }),
    'f: plugin 1: its "capabilities" are not a JSON object',
  );
});

test('the first character that no JSON has is found', () => {
  const place = (text: string): string | undefined => {
    const fault = findJsonFault(text);
    return fault && `${fault.line}:${fault.col} ${fault.message}`;
  };
  assert.equal(place('{"a": [1, 2]}'), undefined);
  assert.equal(place('{"a": }'), '1:7 unexpected "}"');
  assert.equal(place('{\n"a": 1,\n}'), '3:1 unexpected "}"');
  assert.equal(place('{"a": 1'), '1:8 it ends too early');
  assert.equal(place('{"a": "b'), '1:9 it ends too early');
  assert.equal(place(''), '1:1 it ends too early');
  assert.equal(place('{"a": tru}'), '1:10 unexpected "}"');
  assert.equal(place('{} x'), '1:4 unexpected "x"');
});

test('files are read in lexical order, whatever their ending; of two with one name the first counts', () => {
  const config = (name: string, type: string): string => JSON.stringify({ name, cniVersion: '1.0.0', type });
  writeFileSync(`${dir}/20-b.conf`, config('lan', 'second'));
  writeFileSync(`${dir}/10-a.json`, config('lan', 'first'));
  writeFileSync(`${dir}/15-c.conflist`, config('wan', 'third'));
  writeFileSync(`${dir}/05-none.conf.bak`, config('lan', 'not-read'));
  writeFileSync(`${dir}/30-torn.conf`, '{');
  mkdirSync(`${dir}/40-dir.conf`);
  const { networks, faults } = readNetworks(dir);
  assert.deepEqual(
    networks.map(({ name, plugins }) => [name, plugins[0]!.type]),
    [
      ['lan', 'first'],
      ['wan', 'third'],
    ],
  );
  assert.deepEqual(
    faults.map(({ message }) => message),
    [`${dir}/30-torn.conf:1:2: it ends too early`, `${dir}/40-dir.conf: it is not a file`],
  );
  assert.deepEqual(readNetworks(`${dir}/nowhere`), { networks: [], faults: [] });
});

test('the environment names other directories, by absolute paths', () => {
  assert.equal(configDir({}), '/etc/cni/net.d');
  assert.equal(configDir({ NETCONFPATH: '/x' }), '/x');
  assert.equal(configDir({ NETCONFPATH: 'x' }), '/etc/cni/net.d');
  assert.deepEqual(pluginDirs({}), ['/opt/cni/bin', '/usr/libexec/cni', '/usr/lib/cni']);
  assert.deepEqual(pluginDirs({ CNI_PATH: '/a::b:/c' }), ['/a', '/c']);
});

test('a capability counts if it is true', () => {
  const has = (capabilities: Record<string, unknown>): boolean =>
    hasCapability({ plugins: [{ type: 'a' }, { type: 'b', capabilities }] }, 'portMappings');
  assert.deepEqual([has({ portMappings: true }), has({ portMappings: false }), has({})], [true, false, false]);
});

test("a result has the pod's addresses, and none of links on the host", () => {
  const interfaces = [{ name: 'br0' }, { name: 'eth0', sandbox: '/run/netns/x' }];
  const ips = [
    { address: '10.0.0.1/24', interface: 0 },
    { address: '10.0.0.2/24', interface: 1 },
    { address: 'fd00::2/64', interface: 1 },
    { address: '10.0.1.2/24' },
    { address: 'nonsense', interface: 1 },
  ];
  assert.deepEqual(readResult({ interfaces, ips }), { ip4: ['10.0.0.2', '10.0.1.2'], ip6: ['fd00::2'] });
  assert.deepEqual(readResult({}), { ip4: [], ip6: [] });
});

test('name servers of a result make a resolv.conf; words with line breaks do not', () => {
  const dns = {
    nameservers: ['10.0.0.53', 'a\nb'],
    domain: 'x.test',
    search: ['x.test', 'y.test'],
    options: ['ndots:2'],
  };
  assert.equal(
    readResult({ dns }).resolvConf,
    'domain x.test\nnameserver 10.0.0.53\nsearch x.test y.test\noptions ndots:2\n',
  );
  assert.equal(readResult({ dns: { domain: 'x.test' } }).resolvConf, undefined);
});

test('a torn state is none', () => {
  const network = { name: 'lan', cniVersion: '1.0.0', plugins: [], file: 'f' };
  const state = { network, pluginDirs: [], container: 'c', podName: 'p', netns: '/n', ports: [] };
  const text = JSON.stringify(state);
  assert.deepEqual(parseState(text), state);
  assert.equal(parseState(text.slice(0, -4)), undefined);
  assert.equal(parseState('{}'), undefined);
});
