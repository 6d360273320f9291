// Runs a checker of node_modules and keeps what it says for when it fails.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { TOP } from '../build/digest.mjs';

/** Problems as text: none when the tool is content. */
export function runTool(script, args) {
  return new Promise((resolve, reject) => {
    const options = { cwd: TOP, maxBuffer: 1 << 26, env: { ...process.env, NO_COLOR: '1' } };
    execFile(process.execPath, [join(TOP, 'node_modules', script), ...args], options, (error, stdout, stderr) => {
      if (!error) resolve([]);
      else if (typeof error.code === 'number') resolve([`${stdout}${stderr}`.trim()]);
      else reject(new Error(`cannot run ${script}`, { cause: error }));
    });
  });
}
