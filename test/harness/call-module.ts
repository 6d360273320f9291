import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const SCRIPT = `
  const [path, name, args] = process.argv.slice(1);
  import(path)
    .then((module) => module[name](...JSON.parse(args)))
    .then((result) => console.log(JSON.stringify(result instanceof Map ? [...result] : result)));
`;

/**
 * What a function of a module of the runner's returns, called in a process of its own: those modules use the bundler, which cannot
 * be part of a bundle. Arguments and result go through JSON, a map as its entries.
 */
export function callModule(path: string, name: string, ...args: readonly unknown[]): unknown {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', SCRIPT, path, name, JSON.stringify(args)], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as unknown;
}
