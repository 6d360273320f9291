import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeManifest } from '../ours/manifest.mjs';
import { quote } from '../shell.mjs';

const PODS = 100;
const ROUNDS = 3;
const NO_OPS = 9;
const IDLE_MS = 100;

/** A folder applied from the command line: to an empty host, then again and again with nothing to do. */
export const sets = {
  name: `a folder of ${PODS} pods`,
  rounds: 1,
  subjects: {},
  bars: [
    { subject: 'apply, from nothing', atMost: 3, unit: 's' },
    { subject: 'apply, nothing to do', atMost: 150, unit: 'ms' },
  ],
  async measure(context) {
    const cli = await context.cli();
    const folder = context.workspace.subdir('fleet');
    for (let i = 0; i < PODS; i++)
      writeManifest(context.workspace, { name: `fleet-${i}`, folder: 'fleet', exec: ['/bin/sleep', '3600'] });
    const root = context.workspace.subdir('fleet-root');
    const [made, unchanged, deleted] = [[], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      // What was compiled is kept in the state directory: without it, it is as on a new host.
      rmSync(join(root, 'plans'), { recursive: true, force: true });
      made.push((await cli.time('apply', `-q -f ${quote(folder)}`, root)) / 1000);
      for (let i = 0; i < NO_OPS; i++) {
        await delay(IDLE_MS);
        unchanged.push(await cli.time('apply', `-q -f ${quote(folder)}`, root));
      }
      deleted.push((await cli.time('delete', `-q -f ${quote(folder)}`, root)) / 1000);
    }
    await cli.time('gc', '--grace 0s', root);
    return new Map([
      ['apply, from nothing', made],
      ['apply, nothing to do', unchanged],
      ['delete', deleted],
    ]);
  },
};
