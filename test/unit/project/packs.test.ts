import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { TOP } from '../../harness/paths.ts';

/** Calls `toScript` on the text of a chunk; prints the script, or `refused: ` and why. */
const LOAD = `import('./bin/build/packs.mjs').then(({ toScript }) => toScript('chunk.js', process.argv[1]))`;
const PRINT = `(script) => process.stdout.write(script), (error) => process.stdout.write('refused: ' + error.message)`;

async function toScript(text: string): Promise<string> {
  const { stdout } = await execa(process.execPath, ['-e', `${LOAD}.then(${PRINT})`, text], {
    cwd: TOP,
    stripFinalNewline: false,
  });
  return stdout;
}

/** What a script exports when it is evaluated. */
async function evaluate(
  text: string,
  modules: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const script = await toScript(text);
  const exports: Record<string, unknown> = {};
  // eslint-disable-next-line typescript/no-implied-eval -- it is what the loader does with it
  new Function('exports', 'require', script)(exports, (id: string) => modules[id]);
  return exports;
}

test('what a chunk imports and exports is the same in the script made of it', async () => {
  const text = [
    'import {\n  one,\n  two as second\n} from "./other.js";',
    'import * as all from "node:all";',
    'import standard from "node:standard";',
    'import "./effect.js";',
    `var sum = one + second, { x } = all, later = () => import("./lazy.js");`,
    'export {\n  sum,\n  x as renamed,\n  standard,\n  later\n};',
    '',
  ].join('\n');
  const modules = {
    './other.js': { one: 1, two: 2 },
    'node:all': { x: 3 },
    'node:standard': 4,
    './lazy.js': { lazy: 5 },
  };
  const { later, ...rest } = await evaluate(text, modules);
  assert.deepEqual(rest, { sum: 3, renamed: 3, standard: 4 });
  assert.deepEqual(await (later as () => Promise<unknown>)(), { lazy: 5 });
});

test('an import it does not know is refused, with its words', async () => {
  for (const line of [
    'import standard, { one } from "./other.js";',
    'import standard from "koffi";',
    'import * as all from "./other.js";',
    'export * from "./other.js";',
    'export var here = 1;',
    `var lazy = await import("koffi");`,
    'var lazy = (name) => import(name);',
  ]) {
    const words = /(?:^(?:import|export)|import\().*/.exec(line)![0];
    assert.equal(await toScript(`${line}\n`), `refused: chunk.js: cannot turn "${words}" into a script`);
  }
});

test('an export that changes is refused, however it is assigned to', async () => {
  for (const text of [
    'var n = 0;\nfunction next() {\n  return n++;\n}',
    'var a = 1, n = 0, b = 2;\nfunction set(value) {\n  n = value;\n}',
    'var n;\nfunction once() {\n  return n ??= 1;\n}',
    'var n, list = [];\nfunction first() {\n  [n] = list;\n}',
    'let n = 0;\nfunction each(list) {\n  for (n of list) ;\n}',
  ])
    assert.equal(
      await toScript(`${text}\nexport {\n  n as count\n};\n`),
      'refused: chunk.js: exports the variable "count", which changes',
    );
});

test('a variable that changes but is not exported, or has the name of an export elsewhere, is fine', async () => {
  const text = [
    'var calls = 0, unset, n = 7, text = `\nn = 1\nvar n = 2`;',
    'function count() {\n  unset ??= 1;\n  return ++calls;\n}',
    'function inner(n2) {\n  let n = n2;\n  n += 1;\n  return { n };\n}',
    'export {\n  n,\n  count,\n  inner\n};',
    '',
  ].join('\n');
  const { n, count, inner } = await evaluate(text);
  assert.equal(n, 7);
  assert.equal((count as () => number)(), 1);
  assert.deepEqual((inner as (n: number) => object)(1), { n: 2 });
});
