import { apps } from './measures/apps.mjs';
import { environments } from './measures/environments.mjs';
import { exec } from './measures/exec.mjs';
import { filter } from './measures/filter.mjs';
import { manyApps } from './measures/many-apps.mjs';
import { manyPods } from './measures/many-pods.mjs';
import { memory } from './measures/memory.mjs';
import { runCli } from './measures/run-cli.mjs';
import { runLibrary } from './measures/run-library.mjs';
import { sets } from './measures/sets.mjs';
import { startUp } from './measures/start-up.mjs';
import { unpack } from './measures/unpack.mjs';

/**
 * In the order they are taken. Those that remove hundreds of pods come after those that start one: without a journal, ext4 takes no
 * inode again that was freed in the last minutes, and looks at each of them whenever it makes a file.
 */
export const MEASURES = [
  { file: 'run-library', measure: runLibrary },
  { file: 'run-cli', measure: runCli },
  { file: 'exec', measure: exec },
  { file: 'start-up', measure: startUp },
  { file: 'memory', measure: memory },
  { file: 'apps', measure: apps },
  { file: 'many-pods', measure: manyPods },
  { file: 'many-apps', measure: manyApps },
  { file: 'sets', measure: sets },
  { file: 'filter', measure: filter },
  { file: 'unpack', measure: unpack },
  { file: 'environments', measure: environments },
];
