// What is generated and committed must be what the sources generate now.

import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesBelow, TOP } from '../build/digest.mjs';

const FOLDERS = ['schemas', 'docs', 'stages'];

/** Generates again and names the files that changed by that; they are left as they should be. */
export async function checkGenerated() {
  const before = snapshot();
  const { buildSchemas } = await import('../build/schemas.mjs');
  await buildSchemas();
  const after = snapshot();
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${relative(TOP, name)}:1: was not what its sources generate; it has been written anew, commit it`);
}

function snapshot() {
  const files = FOLDERS.flatMap((folder) =>
    filesBelow(join(TOP, folder), ['.json', '.md', '.cjs', '.mjs', '.ts', '.js']),
  );
  return new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
}
