import { quote, TimingShell } from '../shell.mjs';

/** A function that starts Node, lets it do nothing, and returns milliseconds. */
export function bareNode(workspace) {
  const shell = new TimingShell(workspace, 'node');
  return () => shell.time(`${quote(process.execPath)} -e 0`);
}
