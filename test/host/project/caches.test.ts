import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { cliEnvironment } from '../../harness/pod-cli.ts';
import { TOP } from '../../harness/paths.ts';

/** What a process of its own prints, with the path of one of bin/ as its argument: caches are of the flags V8 was started with. */
function evaluate(program: string, file: string): string {
  return execFileSync(process.execPath, ['-e', program, `${TOP}/bin/${file}`], {
    cwd: TOP,
    env: cliEnvironment(),
    encoding: 'utf8',
  }).trim();
}

for (const [verb, pack] of [
  ['run', 'pod-start'],
  ['exec', 'pod-exec'],
  ['status', 'pod-status'],
  ['stop', 'pod-control'],
  ['apply', 'pod-apply'],
  ['validate', 'pod-validate'],
  ['ps', 'pod-quick'],
] as const) {
  test(`${verb} loads ${pack} and no other pack, from its code cache`, () => {
    const program = `
      const { loadMain, scripts } = require(process.argv[1]);
      loadMain(['--root', '/nowhere', '${verb}']);
      console.log([...scripts].map(([name, script]) => name + ' ' + script.cachedDataRejected).join());`;
    assert.equal(evaluate(program, 'pod.cjs'), `${pack} false`);
  });
}

test('the library is loaded from its code cache', () => {
  assert.equal(evaluate(`console.log(require(process.argv[1]).script.cachedDataRejected)`, 'library.cjs'), 'false');
});

test('in another context than Node’s own the library is evaluated there, so that its errors are of its classes', () => {
  const program = `
    const vm = require('node:vm');
    const { readFileSync } = require('node:fs');
    const run = (file, require) => {
      const module = { exports: {} };
      const context = run.context ??= vm.createContext({ process, Buffer, URL, AbortController, AbortSignal, setTimeout, clearTimeout, console });
      const text = '(function (exports, require, module, __filename, __dirname) {' + readFileSync(file, 'latin1') + '\\n})';
      vm.runInContext(text, context)(module.exports, require, module, file, file.slice(0, file.lastIndexOf('/')));
      return module.exports;
    };
    const inside = (id) => (id.startsWith('/') ? run(id, inside) : require(id));
    const { library } = inside(process.argv[1]);
    console.log(library.index.PodError.prototype instanceof vm.runInContext('Error', run.context));`;
  assert.equal(evaluate(program, 'library.cjs'), 'true');
});
