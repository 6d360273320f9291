import type { ManifestInput, ReadyPod, RunningPod, RunOptions } from '../cli/launch-api.ts';
import { readPins } from '../pins/pins.ts';
import type { CompiledFile } from './compile-file.ts';
import { identityOf } from './compiled.ts';
import { recallPod } from './kept-pod.ts';
import { type StartInput, startPod } from './start.ts';

/** Starts the pod of a manifest. A manifest that was started before is not compiled again. See `run`. */
export async function runFile(manifest: ManifestInput, options: RunOptions): Promise<RunningPod> {
  return startPod(await compiledFile(manifest, options));
}

/** Does everything except the start; the host has nothing of the pod yet. Throws with all faults. */
export async function readyFile(manifest: ManifestInput, options: RunOptions): Promise<ReadyPod> {
  const input = await compiledFile(manifest, options);
  const { identity, pod } = input;
  return {
    name: identity.name,
    apps: pod.apps.map(({ name }) => name),
    at: pod.at,
    start: (more) => startPod({ ...input, options: { ...options, ...more } }),
  };
}

/** The input of `startPod`; the host has nothing of the pod yet. */
export async function compiledFile(manifest: ManifestInput, options: RunOptions): Promise<StartInput> {
  options.onPhase?.('recall');
  const pins = readPins(manifest.baseDir, options.frozen);
  const kept = recallPod(manifest, options, pins);
  // Most of the code is the compiler, so it is loaded only when there is something to compile.
  const compile = async (): Promise<CompiledFile> =>
    (await import('./compile-file.ts')).compileFile(manifest, options, pins);
  if (kept) return { ...kept, program: async () => (await compile()).program, options };
  const { spec, pod, program } = await compile();
  return { identity: identityOf(spec), pod, program: () => program, options };
}
