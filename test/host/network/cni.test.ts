import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pod } from '../../harness/pod-cli.ts';
import type { PodStatus } from '../../harness/pod-status.ts';
import { CniLab } from './cni-lab.ts';

const lab = new CniLab();
const PORTMAP = { type: 'portmap', capabilities: { portMappings: true } };
const PORT = 18_480;
const USER = 65_534;
lab.addNetwork('lan', '10.199.1.0/24', PORTMAP);

test('pods on a network of plugins reach each other and are reached at their published ports, until they stop', async () => {
  const web = await lab.start('web', { hostPort: PORT });
  const peer = await lab.start('peer');
  const { network } = await lab.status('web');
  assert.deepEqual(network, { mode: 'cni', ips: ['10.199.1.2'] });
  assert.equal(await lab.askFrom('peer', '10.199.1.2', 80), 'hello from web');
  assert.equal(await lab.askFrom('web', 'web', 80), 'hello from web', 'by its own name, in /etc/hosts');
  for (const address of ['127.0.0.1', '10.199.1.1']) assert.equal(lab.ask(address, PORT), 'hello from web');
  const taken = await lab.run('other', { hostPort: PORT });
  assert.match(taken.stderr, new RegExp(`publish tcp port ${PORT}: pod ${web} has it`));
  await lab.ok('stop', '--grace', '0s', 'web', 'peer');
  for (const uuid of [web, peer]) lab.assertFree(uuid);
  // The port is free as soon as the pod has stopped.
  const again = await lab.start('again', { hostPort: PORT });
  assert.equal(lab.ask('127.0.0.1', PORT), 'hello from again');
  await lab.ok('rm', '--force', 'again');
  lab.assertFree(again);
});

test('another pod shares the network, and what waits in the pod is asked on its loopback', async () => {
  const web = await lab.start('web2');
  const guest = await lab.run('guest', { network: 'pod:web2', exec: ['/bin/cat', '/etc/hosts', '/proc/net/fib_trie'] });
  assert.match(guest.stdout, /10\.199\.1\.\d+ guest/);
  const ready = await lab.start('ready', { probes: { ready: { tcp: { port: 80 }, period: '50ms' } } });
  await lab.ok('wait', '--for', 'ready', 'ready');
  await lab.ok('rm', '--force', 'web2', 'ready');
  for (const uuid of [web, ready]) lab.assertFree(uuid);
});

test('each plugin is told what the one before said, and the files of the pod what the last one said', async () => {
  const log = join(lab.root, 'record');
  lab.addPlugin('record', `echo "$CNI_COMMAND $CNI_NETNS $request" >> ${log}`);
  lab.addNetwork('told', '10.199.2.0/24', { type: 'record' });
  const cat = ['/bin/cat', '/etc/hosts', '/etc/resolv.conf'];
  const { stdout, stderr, exitCode } = await lab.run('told', { network: 'cni:told', exec: cat });
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^10\.199\.2\.2 told$/m);
  const [add, remove, ...more] = readFileSync(log, 'utf8').trimEnd().split('\n');
  assert.deepEqual(more, []);
  for (const line of [add!, remove!]) {
    const [, netns, request] = /^(?:ADD|DEL) (\S+) (.*)$/.exec(line)!;
    const { prevResult } = JSON.parse(request!) as { prevResult: { ips: { address: string }[]; interfaces: object[] } };
    assert.equal(prevResult.ips[0]?.address, '10.199.2.2/24');
    lab.assertFree(/\/run\/netns\/pod-(.*)/.exec(netns!)![1]!);
  }
  assert.ok(add!.startsWith('ADD') && remove!.startsWith('DEL'));
});

test('name servers of the network are those of the pod, also of an app whose /etc is its own', async () => {
  const dns = { nameservers: ['10.9.9.9'], search: ['lan.test'] };
  lab.addPlugin('names', `request=$(printf %s "$request" | sed 's/"dns":{}/"dns":${JSON.stringify(dns)}/')`);
  lab.addNetwork('named', '10.199.8.0/24', { type: 'names' });
  mkdirSync(join(lab.root, 'bare'));
  const parts = ['usr', 'lib', 'lib64'].filter((name) => existsSync(`/${name}`));
  const volumes = parts.map((name) => ({ name, kind: 'host', source: `/${name}`, readOnly: true }));
  const mounts = parts.map((name) => ({ volume: name, path: `/${name}`, readOnly: true }));
  const exec = ['/usr/bin/cat', '/etc/hosts', '/etc/resolv.conf'];
  const apps = [
    { name: 'main', image: 'host', exec },
    { name: 'bare', image: `dir:${join(lab.root, 'bare')}`, exec, mounts },
  ];
  const { stdout, stderr } = await lab.run('named', { network: 'cni:named', more: { volumes, apps } });
  const count = (pattern: RegExp): number => stdout.match(pattern)?.length ?? 0;
  assert.deepEqual(
    [count(/10\.199\.8\.2 named$/gm), count(/nameserver 10\.9\.9\.9$/gm), count(/search lan\.test$/gm)],
    [2, 2, 2],
    stdout + stderr,
  );
});

test('a plugin that fails is quoted at the line, and the plugins before it have taken back what they did', async () => {
  const error = { cniVersion: '1.0.0', code: 77, msg: 'no more room', details: 'on this host' };
  lab.addPlugin(
    'full',
    `if [ "$CNI_COMMAND" = ADD ]; then echo '${JSON.stringify(error)}'; echo "$CNI_CONTAINERID" > ${lab.root}/who; exit 1; fi`,
  );
  lab.addNetwork('full', '10.199.3.0/24', { type: 'full' });
  const { exitCode, stderr } = await lab.run('full', { network: 'cni:full' });
  assert.equal(exitCode, 125);
  assert.match(
    stderr,
    /:8:\d+: error: put the pod on CNI network "full": plugin "full": no more room: on this host \(code 77\)/,
  );
  lab.assertFree(readFileSync(join(lab.root, 'who'), 'utf8').trim());
  const pods = JSON.parse(await lab.ok('ps', '-a', '-o', 'json')) as PodStatus[];
  assert.equal(
    pods.some(({ name }) => name === 'full'),
    false,
  );
});

test('a network with addresses of the own bridge is refused, and nothing of the pod stays on it', async () => {
  await lab.start('bridged', { network: 'bridge' });
  await lab.ok('rm', '--force', 'bridged');
  const { subnet4, subnet6 } = JSON.parse(readFileSync(join(lab.root, 'network.json'), 'utf8')) as {
    subnet4: string;
    subnet6: string;
  };
  for (const [index, subnet] of [subnet4, subnet6].entries()) {
    const name = `clash${index}`;
    lab.addNetwork(name, subnet);
    const { exitCode, stderr } = await lab.run(name, { network: `cni:${name}` });
    assert.equal(exitCode, 125, stderr);
    assert.ok(
      /:8:\d+: error: put the pod on CNI network/.test(stderr) && stderr.includes(`state directory, ${subnet} [`),
      stderr,
    );
    lab.removeConfig(name);
    assert.deepEqual(
      readdirSync(join(lab.addresses, name)).filter((file) => file.includes(':') || /^[\d.]+$/.test(file)),
      [],
    );
  }
});

test('what the host lacks for a network is refused at its line, before anything is made', async () => {
  const refusal = async (network: string, more: object = {}): Promise<string> => {
    const { exitCode, stderr } = await lab.run('refused', { network, ...more });
    assert.equal(exitCode, 125);
    return stderr;
  };
  assert.match(
    await refusal('cni:wan'),
    /:8:\d+: error: use CNI network "wan": \S+net\.d has "full", "lan", "named", "told"/,
  );
  lab.addNetwork('lacks', '10.199.4.0/24', { type: 'nonesuch' });
  const lacks = await refusal('cni:lacks', { hostPort: PORT });
  assert.match(lacks, /:8:\d+: error: use CNI network "lacks": there is no plugin "nonesuch" in /);
  assert.match(lacks, new RegExp(`:2\\d:\\d+: error: publish host port ${PORT}: no plugin of CNI network "lacks"`));
  const isolators = { 'resource/network-bandwidth': { limit: '1M' } };
  assert.match(
    await refusal('cni:lan', { more: { isolators } }),
    /limit the network bandwidth: the pod has no link that/,
  );
  const doctor = JSON.parse(await lab.ok('doctor', '-o', 'json')) as { name: string; detail: string }[];
  assert.match(doctor.find(({ name }) => name === 'CNI networks')!.detail, /no plugin "nonesuch" in /);
  assert.equal(existsSync(lab.addresses) && existsSync(join(lab.addresses, 'lacks')), false);
});

test('a normal user is refused at the line', async () => {
  const mine = mkdtempSync('/var/tmp/pod-cni-user-');
  chownSync(mine, USER, USER);
  try {
    const { stderr } = await pod(['run', '-'], { input: lab.manifest('mine'), user: USER, root: mine });
    assert.match(stderr, /:8:\d+: error: use a CNI network: only root can/);
  } finally {
    rmSync(mine, { recursive: true });
  }
});
