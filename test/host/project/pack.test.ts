import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { TOP } from '../../harness/paths.ts';
import { cliEnvironment } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-pack-');
const consumer = join(dir, 'consumer');
const INSTALL_LIMIT_MS = 120_000;

after(() => rmSync(dir, { recursive: true, force: true }));

/** A PATH on which there is Node, a shell and what npm needs, and no compiler. */
async function pathWithoutCompiler(): Promise<string> {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  for (const program of ['node', 'npm', 'sh', 'env', 'uname', 'cat', 'sed', 'dirname']) {
    const { stdout } = await execa('sh', ['-c', 'command -v "$0"', program]);
    symlinkSync(stdout, join(bin, program));
  }
  return bin;
}

before(async () => {
  await execa('npm', ['pack', '--pack-destination', dir], { cwd: TOP, env: cliEnvironment() });
  const archive = readdirSync(dir).find((name) => name.endsWith('.tgz'));
  assert.ok(archive, 'npm pack made an archive');
  mkdirSync(consumer);
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', version: '1.0.0', type: 'module' }));
  const env = { ...process.env, PATH: await pathWithoutCompiler() };
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(dir, archive)];
  await execa('npm', args, { cwd: consumer, env, timeout: INSTALL_LIMIT_MS });
});

test('the package installs in an empty folder and runs a pod without a compiler', async () => {
  const manifest = join(consumer, 'node_modules/pod/manifests/hello.pod.yaml');
  const env = { ...cliEnvironment(), PATH: join(dir, 'bin') };
  const bin = join(consumer, 'node_modules/.bin/pod');
  const result = await execa(bin, ['run', '--root', root, '--rm', manifest], { cwd: consumer, env, reject: false });
  assert.equal(result.exitCode, 0, result.stderr);
  assert.notEqual(result.stdout.trim(), '');
});

test('the library is imported by name, from ESM and from CommonJS', async () => {
  const options = { cwd: consumer, env: cliEnvironment() };
  const esm = `import { run, PodError } from 'pod'; import { environment, PodError as Same } from 'pod/test'; console.log(typeof run, typeof environment, PodError === Same)`;
  const commonJs = `console.log(typeof require('pod').run, typeof require('pod/test').environment)`;
  const fromEsm = await execa(process.execPath, ['--input-type=module', '-e', esm], options);
  const fromCommonJs = await execa(process.execPath, ['--input-type=commonjs', '-e', commonJs], options);
  assert.deepEqual([fromEsm.stdout, fromCommonJs.stdout], ['function function true', 'function function']);
});

test('its declarations satisfy a strict program', async () => {
  writeFileSync(
    join(consumer, 'use.ts'),
    `import { run } from 'pod';\nconst pod = await run('x.yaml', { root: '/x' });\nconst uuid: string = pod.uuid;\nconsole.log(uuid);\n` +
      `import { environment, port } from 'pod/test';\nawait using e = await environment('x', { manifests: 'x.yaml' }).clone();\n` +
      `await e.wait({ db: port(1) });\nconst ip: string | undefined = e.pods['db']?.ip;\nconsole.log(ip);\n`,
  );
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023,esnext.disposable',
  ];
  const types = ['--types', 'node', '--typeRoots', join(TOP, 'node_modules/@types'), '--skipLibCheck', 'false'];
  const tsc = join(TOP, 'node_modules/typescript/bin/tsc');
  const result = await execa(process.execPath, [tsc, ...flags, ...types, 'use.ts'], { cwd: consumer, reject: false });
  assert.equal(result.exitCode, 0, result.stdout);
});
