import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { ScratchProject } from '../../harness/scratch-project.ts';

const FILES = ['bin/build', 'stages/stage1'];
const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const SCRIPT = `import('./bin/build/stage1.mjs').then((m) => m.buildStage1()).catch((e) => { console.error(e.message); process.exit(1); })`;

function buildIn(project: ScratchProject, env: Readonly<Record<string, string>>) {
  return execa(process.execPath, ['-e', SCRIPT], { cwd: project.dir, env, extendEnv: false, reject: false });
}

const WITH_COMPILER = { PATH: process.env['PATH'] ?? '' };
const WITHOUT_COMPILER = { PATH: '/nonexistent' };

test('without a compiler one sentence names the packages', async () => {
  const result = await buildIn(new ScratchProject(FILES), WITHOUT_COMPILER);
  assert.equal(result.exitCode, 1);
  assert.equal(result.stderr, 'building stage1 needs a C compiler: apt-get install gcc libc6-dev');
});

test('a binary of the same sources makes a compiler unnecessary', async (t) => {
  const project = new ScratchProject(FILES);
  const built = await buildIn(project, WITH_COMPILER);
  if (built.stderr.includes('needs a C compiler')) return t.skip('no C compiler');
  assert.equal(built.exitCode, 0, built.stderr);
  const binary = join(project.dir, `dist/stage1-${ARCH}`);
  const before = statSync(binary).ino;
  assert.equal((await buildIn(project, WITHOUT_COMPILER)).exitCode, 0);
  assert.equal(statSync(binary).ino, before, 'it was not built again');
});

test('a changed source is built again, under a new inode', async (t) => {
  const project = new ScratchProject(FILES);
  const built = await buildIn(project, WITH_COMPILER);
  if (built.stderr.includes('needs a C compiler')) return t.skip('no C compiler');
  const binary = join(project.dir, `dist/stage1-${ARCH}`);
  const before = statSync(binary).ino;
  const header = join(project.dir, 'stages/stage1/stage1.h');
  project.write('stages/stage1/stage1.h', `${readFileSync(header, 'utf8')}\n/* changed */\n`);
  assert.equal((await buildIn(project, WITH_COMPILER)).exitCode, 0);
  assert.ok(existsSync(binary));
  assert.notEqual(statSync(binary).ino, before);
});

test('what is wrong in a source is said, with the compiler’s words', async (t) => {
  const project = new ScratchProject(FILES);
  project.write('stages/stage1/broken.c', 'int broken(void) { return }\n');
  const result = await buildIn(project, WITH_COMPILER);
  if (result.stderr.includes('needs a C compiler')) return t.skip('no C compiler');
  assert.equal(result.exitCode, 1);
  assert.match(result.stderr, /compiling stage1 for .* failed:[^]*broken\.c:1/);
});
