import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { ScratchProject } from '../../harness/scratch-project.ts';

const TOOLS = ['bin/check', 'bin/build/digest.mjs'];

async function breaches(sources: Readonly<Record<string, string>>): Promise<string[]> {
  const project = new ScratchProject(TOOLS);
  for (const [path, text] of Object.entries(sources)) project.write(path, text);
  const script = `import('./bin/check/imports.mjs').then((m) => console.log(JSON.stringify(m.checkImports())))`;
  const { stdout } = await execa(process.execPath, ['-e', script], { cwd: project.dir });
  return (JSON.parse(stdout) as string[]).filter((line) => line.startsWith('stages/'));
}

test('an import upwards is a breach at its line', async () => {
  const found = await breaches({
    'stages/linux/a.ts': `// one\nimport { b } from '../stage0/pod/b.ts';\n`,
    'stages/stage0/pod/b.ts': 'export const b = 1;\n',
  });
  assert.deepEqual(found, ['stages/linux/a.ts:2: stages/linux may import nothing of ours, not stages/stage0/pod/b.ts']);
});

test('an import the table allows is none', async () => {
  const found = await breaches({
    'stages/linux/a.ts': 'export const a = 1;\n',
    'stages/tape/b.ts': `import { a } from '../linux/a.ts';\nexport const b = a;\n`,
  });
  assert.deepEqual(found, []);
});

test('files that import each other are a cycle', async () => {
  const found = await breaches({
    'stages/tape/a.ts': `import { b } from './b.ts';\nexport const a = b;\n`,
    'stages/tape/b.ts': `import type { A } from './a.ts';\nexport const b = 1;\n`,
  });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? '', /^stages\/tape\/b\.ts:1: closes a cycle: /);
});

test('a package is loaded only where the table says', async () => {
  const found = await breaches({ 'stages/tape/a.ts': `import koffi from 'koffi';\n` });
  assert.deepEqual(found, ['stages/tape/a.ts:1: "koffi" may be loaded only in stages/linux']);
});

test('what calls the kernel by number is for the folder of typed wrappers only', async () => {
  const found = await breaches({
    'stages/linux/syscall.ts': 'export const syscall = 1;\n',
    'stages/linux/wrapper.ts': `import { syscall } from './syscall.ts';\nexport const call = syscall;\n`,
    'stages/stage0/cli/a.ts': `import { syscall } from '../../linux/syscall.ts';\n`,
    'stages/stage1/b.ts': `import { call } from '../linux/wrapper.ts';\nexport { syscall } from '../linux/syscall.ts';\n`,
  });
  assert.deepEqual(found, [
    'stages/stage0/cli/a.ts:1: stages/linux/syscall.ts may be imported only in stages/linux, test',
    'stages/stage1/b.ts:2: stages/linux/syscall.ts may be imported only in stages/linux, test',
  ]);
});

test('a multi-line import and a lazy one are seen', async () => {
  const found = await breaches({
    'stages/linux/a.ts': `import {\n  b,\n} from '../tape/b.ts';\nawait import('../tape/b.ts');\n`,
    'stages/tape/b.ts': 'export const b = 1;\n',
  });
  assert.deepEqual(
    found.map((line) => line.split(': ')[0]),
    ['stages/linux/a.ts:1', 'stages/linux/a.ts:4'],
  );
});
