// The build step for dist/types: the library's type declarations.

import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIST, TOP } from './digest.mjs';

export function buildTypes() {
  rmSync(join(DIST, 'types'), { recursive: true, force: true });
  // `npm run check` finds type errors; declarations come from the annotations alone (`isolatedDeclarations`).
  const project = join(TOP, 'bin/build/tsconfig.types.json');
  execFileSync(process.execPath, [join(TOP, 'node_modules/typescript/bin/tsc'), '-p', project, '--noCheck'], {
    cwd: TOP,
    stdio: 'inherit',
  });
  // A declaration is of the kind its package says, and a CommonJS program may not require what is declared as a module.
  const required = join(DIST, 'types-cjs');
  rmSync(required, { recursive: true, force: true });
  cpSync(join(DIST, 'types'), required, { recursive: true });
  writeFileSync(join(required, 'package.json'), '{ "type": "commonjs" }\n');
}
