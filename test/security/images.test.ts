import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { archive } from '../unit/stage0/image/tar-fixture.ts';
import { writeLayout } from '../host/image/workspace.ts';
import { pod as podCli, podOk } from '../harness/pod-cli.ts';
import type { ProbeReport } from '../harness/probe-report.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { PROBE } from '../harness/paths.ts';
import { PodError, PodErrors, run } from '../../stages/stage0/index.ts';
import { INSIDE, newImage, probe, startPod, useScratch } from './hostile-pod.ts';
import { useHostWatch } from './host-watch.ts';

const { scratch, canary } = useScratch();
const root = useTempRoot();
useHostWatch();

/** What an image may not decide, as the probe sees it. */
function posture(report: ProbeReport): object {
  const { capabilities, noNewPrivs, seccomp, uidMap, rlimits, umask, securebits, personality, oomScoreAdj } = report;
  const sizes = uidMap.map((line) => line.trim().split(/\s+/).at(-1));
  return { capabilities, noNewPrivs, seccomp, sizes, rlimits, umask, securebits, personality, oomScoreAdj };
}

async function reportOf(image: string, app: object = {}): Promise<ProbeReport> {
  const apps = [{ name: 'app', image, exec: [INSIDE, 'report'], ...app }];
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'image' }, network: { mode: 'none' }, apps };
  await using pod = await run(manifest, { root });
  await pod.exit;
  return JSON.parse(
    pod
      .logs()
      .map(({ text }) => text)
      .join(''),
  ) as ProbeReport;
}

const plain = newImage(`${scratch}/plain`);

/** Fields and labels that other tools take orders from. */
const ORDERS = {
  Labels: {
    'run.oci.keep_original_groups': '1',
    'run.oci.hooks': '/bin/true',
    'org.systemd.property.DevicePolicy': '"auto"',
    'io.kubernetes.cri-o.userns-mode': 'host',
    'io.podman.annotations.privileged': 'TRUE',
    'io.containers.capabilities': 'SYS_ADMIN',
  },
  HostConfig: { Privileged: true, CapAdd: ['ALL'], Binds: ['/:/host'], PidMode: 'host' },
  Privileged: true,
  CapAdd: ['SYS_ADMIN'],
  SecurityOpt: ['seccomp=unconfined'],
  Hooks: { prestart: [{ path: '/bin/true' }] },
  linux: { maskedPaths: [], readonlyPaths: [], namespaces: [] },
  OnBuild: ['RUN true'],
  Healthcheck: { Test: ['CMD-SHELL', 'true'] },
};
const CLIMBING_VOLUMES = {
  Volumes: {
    '/../../../../../../../../etc': {},
    '../../etc': {},
    [`/../../../../..${canary.dir}`]: {},
    '/proc/sys': {},
  },
};

function layoutOf(name: string, config: object): string {
  const dir = `${scratch}/${name}`;
  rmSync(dir, { recursive: true, force: true });
  const layer = archive(
    { path: 'probe', mode: 0o755, content: readFileSync(PROBE) },
    { path: 'etc/passwd', content: 'root:x:0:0::/:\n' },
  );
  writeLayout(dir, { layers: [layer], config });
  return `oci:${dir}`;
}

test('what an image’s configuration says of hosts, capabilities, hooks and labels decides nothing', async () => {
  const expected = posture(await reportOf(`dir:${plain}`));
  assert.deepEqual(posture(await reportOf(layoutOf('orders', ORDERS))), expected);
  const { mounts } = await reportOf(layoutOf('volumes', CLIMBING_VOLUMES));
  assert.deepEqual(
    mounts.map(({ path }) => path).filter((path) => path.includes('etc') || path.includes('canary')),
    [],
  );
  canary.assertUntouched();
});

test('settings that are shipped in an image’s files decide nothing', async () => {
  const image = newImage(`${scratch}/shipped`);
  for (const dir of ['etc/pod', 'etc/containers', 'run/systemd/nspawn', 'var/lib/pod', 'usr/share/containers'])
    mkdirSync(`${image}/${dir}`, { recursive: true });
  const orders = '[Exec]\nPrivateUsers=no\nCapability=all\n[Files]\nBind=/\n';
  for (const file of ['.nspawn', 'image.nspawn', 'run/systemd/nspawn/image.nspawn', 'etc/containers/containers.conf'])
    writeFileSync(`${image}/${file}`, orders);
  const manifest = 'userns: host\nisolators: {os/linux/seccomp-retain-set: {set: ["@appc.io/all"]}}\n';
  for (const file of ['pod.yaml', 'pod.lock', 'manifest', 'etc/pod/defaults.yaml', '.dockerenv', 'config.json'])
    writeFileSync(`${image}/${file}`, manifest);
  assert.deepEqual(posture(await reportOf(`dir:${image}`)), posture(await reportOf(`dir:${plain}`)));
});

test('annotations and labels of a manifest change no call of the launch', async () => {
  const manifest = (annotations: object): string =>
    JSON.stringify({
      apiVersion: 'pod/v1',
      kind: 'Pod',
      metadata: { name: 'orders', annotations },
      network: { mode: 'none' },
      apps: [{ name: 'a', image: 'host', exec: ['/bin/true'] }],
    });
  const plan = async (annotations: object): Promise<string> => {
    const text = await podOk(['plan', '-'], { root, input: manifest(annotations) });
    // Where in the one line of the manifest something stands.
    return text.replaceAll(/:1:\d+/g, ':1').replaceAll(/sha256:[0-9a-f]+/g, '');
  };
  const without = await plan({});
  assert.ok(without.includes('execve'), without);
  const orders = { 'run.oci.hooks': '/bin/true', 'org.systemd.property.Delegate': 'yes', 'io.katacontainers.x': '1' };
  assert.equal(await plan(orders), without);
});

test('NUL, line breaks and climbing in an image’s configuration are refused or harmless', async () => {
  for (const config of [
    { Env: ['A=1\u0000B=2', 'HOME=/x\nroot::0:0::/:'] },
    { Entrypoint: ['/probe\u0000/etc/passwd', 'report'] },
    { User: 'root\nroot' },
    { User: '0\u0000' },
    { WorkingDir: '/../../../../../..' + canary.dir },
    { WorkingDir: '/tmp\u0000/x' },
    { User: '99999999999' },
  ]) {
    const app = 'Entrypoint' in config ? { exec: undefined } : {};
    const report = await reportOf(layoutOf('odd', config), app).catch((error: unknown) => error);
    if (report instanceof PodError || report instanceof PodErrors) continue;
    assert.ok(!(report instanceof Error), `${JSON.stringify(config)}: ${String(report)}`);
    const { cwd, env } = report as ProbeReport;
    assert.ok(cwd !== null && !cwd.includes('unreachable'), JSON.stringify(config));
    for (const value of Object.values(env)) assert.doesNotMatch(value, /[\n\0]/, JSON.stringify(config));
  }
  canary.assertUntouched();
});

/** Programs and libraries that a runtime might look for where the image has them. */
const BAIT = [
  'sh',
  'ps',
  'tar',
  'gzip',
  'zstd',
  'unpigz',
  'cat',
  'id',
  'nsenter',
  'ip',
  'nft',
  'mount',
  'newuidmap',
  'node',
];

test('no program or library of the image is run by pod itself', async () => {
  const image = newImage(`${scratch}/bait`);
  mkdirSync(`${image}/bin`);
  mkdirSync(`${image}/lib`);
  for (const name of BAIT.map((each) => `bin/${each}`)) {
    // On the host it would leave its mark beside the canary.
    writeFileSync(`${image}/${name}`, `#!/bin/sh\ntouch ${canary.dir}/ran\n`);
    chmodSync(`${image}/${name}`, 0o755);
  }
  for (const name of ['libnss_files.so.2', 'libnss_compat.so.2', 'libc.so.6'])
    writeFileSync(`${image}/lib/${name}`, 'bait');
  await using pod = await startPod(root, { image, pod: { metadata: { name: 'bait' } } });
  const { uid } = await probe<ProbeReport>(pod, ['report']);
  assert.equal(uid[0], 0);
  for (const args of [
    ['top', 'bait'],
    ['stats', '--no-stream', 'bait'],
    ['status', 'bait'],
    ['ps'],
    ['logs', 'bait'],
    ['inspect', 'bait'],
    ['cp', 'bait:/etc', `${scratch}/copied`],
    ['cp', `${scratch}/plain/probe`, 'bait:/tmp/probe'],
    ['export', 'bait', '-o', `${scratch}/exported.tar`],
    ['exec', 'bait', '--', INSIDE, 'exit', '0'],
  ]) {
    const { exitCode, stderr } = await podCli(args, { root });
    assert.ok(exitCode === 0 || /unknown flag/.test(stderr), `${args.join(' ')}: ${stderr}`);
  }
  canary.assertUntouched();
});
