import { join } from 'node:path';

/** The project's top folder; the runner says where, because test files run from dist/test/. */
export const TOP: string = process.env['POD_TEST_TOP'] ?? process.cwd();
/** The static program that prints what a process of a pod sees; built by the runner. */
export const PROBE: string = join(TOP, 'dist/test/probe');
export const POD_BIN: string = join(TOP, 'bin/pod.cjs');
export const MANIFESTS: string = join(TOP, 'manifests');
