import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { PROBE } from '../../harness/paths.ts';
import { type CliOptions, type CliResult, pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { writeLayout } from '../image/workspace.ts';
import { Folder, runTimed } from './kept-runs.ts';

const folder = new Folder();
const root = useTempRoot();
const LAYER = archive({ path: 'probe', mode: 0o755, content: readFileSync(PROBE) });

/** A folder with a manifest of an image that can be moved. The image is named in line 8. */
class Site {
  readonly dir: string;
  readonly manifest: string;
  readonly lock: string;

  constructor(name: string) {
    this.dir = folder.path(name);
    this.manifest = join(this.dir, 'web.pod.yaml');
    this.lock = join(this.dir, 'pod.lock');
    mkdirSync(this.dir);
    this.moveImage(1);
    this.writeManifest('web', 'oci:./image');
  }

  moveImage(version: number): void {
    rmSync(join(this.dir, 'image'), { recursive: true, force: true });
    writeLayout(join(this.dir, 'image'), { layers: [LAYER], config: { Env: [`VERSION=${version}`] } });
  }

  writeManifest(name: string, image: string): void {
    const lines = ['apiVersion: pod/v1', 'kind: Pod', `metadata: {name: ${basename(this.dir)}-${name}}`];
    lines.push('network: {mode: none}', 'apps:', '  - name: a', '    exec: [/probe, exit, "0"]', `    image: ${image}`);
    writeFileSync(join(this.dir, `${name}.pod.yaml`), `${lines.join('\n')}\n`);
  }

  cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return pod(args, { root, cwd: this.dir, ...options });
  }
}

const PLACE = /web\.pod\.yaml:8:12: .*\[lock\/stale\]|web\.pod\.yaml:8:12/;

test('a locked manifest runs, and runs no more when its image has moved, kept or not', async () => {
  const site = new Site('moved');
  await podOk(['lock'], { root, cwd: site.dir });
  assert.equal((await site.cli(['run', '--rm', site.manifest])).exitCode, 0);
  assert.equal((await runTimed(root, ['--rm', site.manifest])).isFromKept, true);
  site.moveImage(2);
  for (const args of [['run', '--rm'], ['prepare'], ['plan'], ['validate']]) {
    const { exitCode, stdout, stderr } = await site.cli([...args, site.manifest]);
    assert.equal(exitCode, args[0] === 'run' || args[0] === 'prepare' ? 125 : 1, args[0]);
    assert.match(stdout + stderr, PLACE, args[0]);
    assert.match(stdout + stderr, /lock\/stale/, args[0]);
  }
  await podOk(['lock', '--update'], { root, cwd: site.dir });
  assert.equal((await site.cli(['run', '--rm', site.manifest])).exitCode, 0);
});

test('a lock that changes is seen by a pod that was kept', async () => {
  const site = new Site('changes');
  await podOk(['run', '--rm', site.manifest], { root });
  assert.equal((await runTimed(root, ['--rm', site.manifest])).isFromKept, true);
  await podOk(['lock', site.dir], { root });
  assert.equal((await runTimed(root, ['--rm', site.manifest])).isFromKept, true);
  const text = readFileSync(site.lock, 'utf8');
  writeFileSync(site.lock, text.replace(/sha256:[0-9a-f]{64}/, `sha256:${'0'.repeat(64)}`));
  const { exitCode, stderr } = await site.cli(['run', '--rm', site.manifest]);
  assert.deepEqual([exitCode, /lock\/stale/.test(stderr)], [125, true], stderr);
  writeFileSync(site.lock, text.replace('"version": 1', '<<<<<<< x'));
  assert.match((await site.cli(['run', '--rm', site.manifest])).stderr, /pod\.lock:2:3.*\n?.*lock\/malformed/);
});

test('an image that is not in the lock is a warning each time, and an error where the lock is frozen', async () => {
  const site = new Site('missing');
  writeFileSync(site.lock, '{"version": 1, "images": {}}\n');
  for (let i = 0; i < 2; i++) {
    const { exitCode, stderr } = await site.cli(['run', '--rm', site.manifest]);
    assert.deepEqual([exitCode, /warning: .*web\.pod\.yaml:8:12: /.test(stderr)], [0, true], stderr);
  }
  for (const [args, env] of [
    [['run', '--rm', '--frozen'], {}],
    [['run', '--rm'], { CI: 'true' }],
    [['plan', '--frozen'], {}],
    [['prepare', '--frozen'], {}],
    [['validate', '--frozen'], {}],
  ] as const) {
    const { exitCode, stdout, stderr } = await site.cli([...args, site.manifest], { env });
    assert.notEqual(exitCode, 0, args.join(' '));
    assert.match(stdout + stderr, PLACE);
  }
  assert.equal((await site.cli(['validate', site.manifest])).exitCode, 0);
});

test('pod lock adds and removes, moves nothing unless it is told to, and --check tells the difference', async () => {
  const site = new Site('verb');
  const check = async (): Promise<number | undefined> => (await site.cli(['lock', '--check'])).exitCode;
  assert.equal(await check(), 1);
  assert.match((await site.cli(['lock'])).stdout, /1 added/);
  assert.equal(await check(), 0);
  site.writeManifest('more', 'host');
  assert.match((await site.cli(['lock', '--check'])).stderr, /more\.pod\.yaml:8:12/);
  assert.equal((await site.cli(['lock'])).exitCode, 0);
  const before = readFileSync(site.lock, 'utf8');
  assert.deepEqual((JSON.parse(before) as { notPinned: unknown }).notPinned, ['host']);
  site.moveImage(2);
  const kept = await site.cli(['lock']);
  assert.deepEqual([kept.exitCode, PLACE.test(kept.stderr)], [1, true], kept.stderr);
  assert.equal(readFileSync(site.lock, 'utf8'), before);
  assert.match((await site.cli(['lock', '--update'])).stdout, /1 moved/);
  rmSync(join(site.dir, 'more.pod.yaml'));
  assert.equal(await check(), 1);
  assert.equal((await site.cli(['lock', 'web.pod.yaml'])).exitCode, 0);
  assert.match(readFileSync(site.lock, 'utf8'), /"host"/);
  await podOk(['lock'], { root, cwd: site.dir });
  assert.doesNotMatch(readFileSync(site.lock, 'utf8'), /"host"/);
});

test('a frozen lock is neither moved nor added to', async () => {
  const site = new Site('frozen');
  for (const [args, env] of [
    [['lock', '--frozen'], {}],
    [['lock'], { CI: 'true' }],
    [['lock', '--update'], { CI: 'true' }],
    [['lock', '--update', '--frozen'], {}],
  ] as const) {
    const { exitCode, stderr } = await site.cli(args, { env });
    assert.equal(exitCode, 1);
    assert.match(stderr, args.length > 1 && args[1] === '--update' ? /lock\/frozen/ : /lock\/stale/);
  }
  assert.throws(() => readFileSync(site.lock), { code: 'ENOENT' });
  await podOk(['lock'], { root, cwd: site.dir });
  assert.equal((await site.cli(['lock'], { env: { CI: 'true' } })).exitCode, 0);
});

test('pod lock reports all that is wrong with all manifests of all folders, isolators included', async () => {
  const site = new Site('wrong');
  const below = join(site.dir, 'below');
  mkdirSync(below);
  const isolators = '    isolators: {resource/cpu: {request: 2, limit: 1}}\n';
  const text = readFileSync(site.manifest, 'utf8');
  writeFileSync(site.manifest, `${text.replace('mode: none', 'mode: nono')}${isolators}`);
  writeFileSync(join(below, 'other.pod.yaml'), `${text}${isolators}`);
  const { exitCode, stderr } = await site.cli(['lock']);
  const places = [...stderr.matchAll(/^(\S+:\d+):\d+: error/gm)].map(([, place]) => place);
  assert.deepEqual(places, ['below/other.pod.yaml:9', 'web.pod.yaml:4', 'web.pod.yaml:9'], stderr);
  assert.deepEqual([exitCode, existsSync(site.lock)], [1, false]);
});

test('a lock that is a device does not hang a run', async () => {
  const site = new Site('device');
  symlinkSync('/dev/zero', site.lock);
  const { exitCode, stderr } = await site.cli(['run', '--rm', site.manifest], { timeoutMs: 30_000 });
  assert.deepEqual([exitCode, /lock\/malformed/.test(stderr)], [125, true], stderr);
});

test('pod lock reads what pod apply reads: each folder below has a lock of its own, and diff keeps to it', async () => {
  const site = new Site('deep');
  const below = join(site.dir, 'below');
  mkdirSync(below);
  writeFileSync(join(below, 'other.yaml'), readFileSync(site.manifest, 'utf8').replace('deep-web', 'deep-other'));
  writeFileSync(join(site.dir, 'ignored.pod.yaml'), '{');
  writeFileSync(join(site.dir, '.podignore'), 'ignored.pod.yaml\n');
  writeLayout(join(below, 'image'), { layers: [LAYER], config: { Env: ['VERSION=1'] } });
  await podOk(['lock'], { root, cwd: site.dir });
  for (const lock of [site.lock, join(below, 'pod.lock')]) assert.match(readFileSync(lock, 'utf8'), /"oci:\.\/image"/);
  assert.equal((await site.cli(['diff', '-f', site.dir])).exitCode, 1);
  writeLayout(join(below, 'image'), { layers: [LAYER], config: { Env: ['VERSION=2'] } });
  const { exitCode, stdout, stderr } = await site.cli(['diff', '-f', site.dir]);
  assert.deepEqual([exitCode, stdout], [2, ''], stderr);
  assert.match(stderr, /below\/other\.yaml:8:12: [^]*lock\/stale/);
  assert.equal((await site.cli(['lock', '--check'])).exitCode, 1);
});

test('apply and diff keep to the lock when they find nothing to change, too', async () => {
  const site = new Site('still');
  const apply = (...more: string[]): Promise<CliResult> => site.cli(['apply', '-f', site.dir, ...more]);
  assert.equal((await apply()).exitCode, 0);
  const missing = await apply('--frozen');
  assert.deepEqual([missing.exitCode, /lock\/stale/.test(missing.stderr)], [1, true], missing.stderr);
  writeFileSync(site.lock, '{"version": 1, "images": {}}\n');
  const unpinned = await apply();
  assert.deepEqual([unpinned.exitCode, /warning: .*web\.pod\.yaml:8:12: /.test(unpinned.stderr)], [0, true]);
  const frozen = [await apply('--frozen'), await site.cli(['apply', '-f', site.dir], { env: { CI: '1' } })];
  for (const { exitCode, stderr } of frozen) assert.deepEqual([exitCode, PLACE.test(stderr)], [1, true], stderr);
  assert.equal((await site.cli(['diff', '-f', site.dir], { env: { CI: '1' } })).exitCode, 2);
  writeFileSync(site.lock, '{broken');
  for (const args of [['apply'], ['apply', '--dry-run'], ['diff']]) {
    const { exitCode, stderr } = await site.cli([...args, '-f', site.dir]);
    assert.equal(exitCode, args[0] === 'diff' ? 2 : 1, stderr);
    assert.match(stderr, /pod\.lock:1:\d+: .*\[lock\/malformed\]/);
  }
  rmSync(site.lock);
  await podOk(['lock', site.dir], { root });
  assert.equal((await apply('--frozen')).exitCode, 0);
  assert.equal((await site.cli(['diff', '-f', site.dir], { env: { CI: '1' } })).exitCode, 0);
  assert.equal((await site.cli(['delete', '-f', site.dir])).exitCode, 0);
});
