import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { cliEnvironment, commandLine } from '../../harness/pod-cli.ts';
import { CniLab } from './cni-lab.ts';

const lab = new CniLab();
const begun = join(lab.root, 'begun');
lab.addNetwork('lan', '10.199.5.0/24', { type: 'portmap', capabilities: { portMappings: true } });
lab.addPlugin('slow', `if [ "$CNI_COMMAND" = ADD ]; then echo "$CNI_CONTAINERID" > ${begun}; exec sleep 1000; fi`);
const PORT = 18_490;

async function untilFree(uuid: string): Promise<void> {
  await eventually(() => Promise.resolve(lab.assertFree(uuid)));
}

/** The monitor and init of the lab's only pod. */
function supervisors(): number[] {
  const pids = lab.host('ip', 'netns', 'pids', lab.wrapper[1]!.split('/').at(-1)!).trim().split('\n').map(Number);
  const monitor = pids.find((pid) => commOf(pid) === 'stage1-monitor')!;
  const init = Number(execFileSync('pgrep', ['-P', String(monitor)], { encoding: 'utf8' }));
  return [monitor, init];
}

function commOf(pid: number): string {
  return execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).trim();
}

test('a pod that ends while nobody looks is taken off its network by its monitor', async () => {
  const uuid = await lab.start('alone', { exec: ['/bin/sleep', '0.5'], hostPort: PORT });
  await untilFree(uuid);
  assert.equal(existsSync(join(lab.root, 'pods/exited', uuid, 'cni.json')), false);
  assert.equal(existsSync(join(lab.root, `claims/port/tcp-any-${PORT}`)), false);
});

test('gc takes a pod whose monitor was killed off its network, as it was when the pod was put on it', async () => {
  const uuid = await lab.start('killed', { hostPort: PORT });
  for (const pid of supervisors()) process.kill(pid, 'SIGKILL');
  lab.removeConfig('lan');
  await lab.ok('gc');
  lab.assertFree(uuid);
  assert.equal(existsSync(join(lab.root, `claims/port/tcp-any-${PORT}`)), false);
});

test('a plugin that fails when the pod ends is asked again by gc', async () => {
  const isReady = join(lab.root, 'ready');
  lab.addPlugin('later', `[ "$CNI_COMMAND" = ADD ] || [ -e ${isReady} ] || exit 9`);
  lab.addNetwork('later', '10.199.6.0/24', { type: 'later' });
  const uuid = await lab.start('later', { network: 'cni:later' });
  await assert.rejects(lab.ok('stop', '--grace', '0s', 'later'), /plugin "later": exit code 9/);
  await assert.rejects(lab.ok('gc'), /plugin "later": exit code 9/);
  writeFileSync(isReady, '');
  await lab.ok('gc');
  lab.assertFree(uuid);
});

test('what a plugin will never take back can be left, by removing the file that its error names', async () => {
  lab.addPlugin('never', '[ "$CNI_COMMAND" = ADD ] || exit 9');
  lab.addNetwork('never', '10.199.9.0/24', { type: 'never' });
  const uuid = await lab.start('never', { network: 'cni:never' });
  await assert.rejects(
    lab.ok('stop', '--grace', '0s', 'never'),
    /to leave what the plugin holds, remove \S+\/cni\.json/,
  );
  rmSync(join(lab.root, 'pods/exited', uuid, 'cni.json'));
  await lab.ok('rm', 'never');
  assert.equal(existsSync(`/run/netns/pod-${uuid}`), false);
});

test('a port that a pod publishes which has just ended is taken as soon as the pod is off its network', async () => {
  lab.addNetwork('lan', '10.199.5.0/24', { type: 'portmap', capabilities: { portMappings: true } });
  const first = await lab.start('first', { exec: ['/bin/sleep', '0.3'], hostPort: PORT });
  await lab.ok('wait', 'first');
  const second = await lab.start('second', { hostPort: PORT });
  assert.equal(lab.ask('127.0.0.1', PORT), 'hello from second');
  await lab.ok('rm', '--force', 'second');
  for (const uuid of [first, second]) lab.assertFree(uuid);
});

test('a pod whose app cannot be started is taken off its network, too', async () => {
  lab.addPlugin('note', `echo "$CNI_CONTAINERID" > ${join(lab.root, 'noted')}`);
  lab.addNetwork('noted', '10.199.10.0/24', { type: 'note' });
  const { exitCode } = await lab.run('broken', { network: 'cni:noted', exec: ['/nonesuch'] });
  assert.equal(exitCode, 127);
  lab.assertFree(readFileSync(join(lab.root, 'noted'), 'utf8').trim());
});

async function startSlowly(name: string, type: string): Promise<{ child: ReturnType<typeof spawn>; uuid: string }> {
  rmSync(begun, { force: true });
  lab.addNetwork(name, '10.199.7.0/24', { type });
  const manifest = join(lab.root, `${name}.json`);
  writeFileSync(manifest, lab.manifest(name, { network: `cni:${name}` }));
  const [command, ...rest] = [...lab.wrapper, process.execPath, ...commandLine(['run', '-d', manifest], lab.root)];
  const child = spawn(command!, rest, { env: cliEnvironment(lab.env), stdio: 'ignore' });
  await eventually(() => Promise.resolve(assert.equal(existsSync(begun), true)));
  return { child, uuid: lab.onlyPod() };
}

test('a plugin that outlives a killed launch is waited for before the pod is taken off the network', async () => {
  const go = join(lab.root, 'go');
  lab.addPlugin(
    'gated',
    `if [ "$CNI_COMMAND" = ADD ]; then touch ${begun}; while [ ! -e ${go} ]; do sleep 0.02; done; fi`,
  );
  const { child, uuid } = await startSlowly('gated', 'gated');
  child.kill('SIGKILL');
  await eventually(() => Promise.resolve(assert.equal(existsSync(join(lab.root, 'pods/exited', uuid)), true)));
  assert.throws(() => lab.assertFree(uuid));
  writeFileSync(go, '');
  await untilFree(uuid);
  await lab.ok('gc', '--grace', '0s');
  assert.equal(existsSync(join(lab.root, 'pods/exited', uuid)), false);
});

test('^C while a plugin is at work ends the plugin and the launch', async () => {
  const { child, uuid } = await startSlowly('slow1', 'slow');
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 130);
  lab.assertFree(uuid);
  assert.deepEqual(existsSync(join(lab.root, 'pods/exited', uuid)), false);
});
