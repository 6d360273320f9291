import { rmSync } from 'node:fs';
import { quote, TimingShell } from '../shell.mjs';
import { requireProgram } from '../workspace.mjs';

/** A function that unpacks the image into a new directory and returns milliseconds. */
export function umociUnpacker(workspace, name) {
  requireProgram('umoci');
  const shell = new TimingShell(workspace, 'umoci');
  const bundle = workspace.path('umoci-bundle');
  return async () => {
    rmSync(bundle, { recursive: true, force: true });
    return shell.time(`umoci unpack --image ${quote(`${workspace.image(name)}:latest`)} ${quote(bundle)}`);
  };
}
