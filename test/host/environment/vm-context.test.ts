import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { cliEnvironment } from '../../harness/pod-cli.ts';
import { TOP } from '../../harness/paths.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shellPod } from './manifests.ts';

const root = useTempRoot();

test('the library works in a VM context, where some test runners load it', async () => {
  const file = join(TOP, 'dist/library.cjs');
  const script = `
    const vm = require('node:vm');
    const names = ['process', 'Buffer', 'ArrayBuffer', 'Uint8Array', 'console', 'AbortController', 'AbortSignal', 'performance',
      'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'TextDecoder', 'TextEncoder'];
    const context = vm.createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])));
    const text = require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8');
    const load = vm.runInContext('(function (exports, require, module, __filename) {' + text + '\\n})', context);
    const module = { exports: {} };
    load(module.exports, require, module, ${JSON.stringify(file)});
    const { environment } = module.exports.test;
    environment('context', ${JSON.stringify({ root, manifests: [shellPod('app', 'sleep 1000')] })}).clone().then((e) => e.dispose());`;
  await promisify(execFile)(process.execPath, ['-e', script], { env: cliEnvironment() });
});
