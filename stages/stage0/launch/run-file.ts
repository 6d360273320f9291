import type { ManifestInput, RunningPod, RunOptions } from '../cli/launch-api.ts';
import type { CompiledFile } from './compile-file.ts';
import { identityOf } from './compiled.ts';
import { recallPod } from './kept-pod.ts';
import { requirePrivilege } from './require-host.ts';
import { startPod } from './start.ts';

/** Starts the pod of a manifest; a manifest that was started before is not compiled again. See `run`. */
export async function runFile(manifest: ManifestInput, options: RunOptions): Promise<RunningPod> {
  requirePrivilege();
  options.onPhase?.('recall');
  const kept = recallPod(manifest, options);
  // The compiler is most of our code: it is loaded only when there is something to compile.
  const compile = async (): Promise<CompiledFile> => (await import('./compile-file.ts')).compileFile(manifest, options);
  if (kept) return startPod({ ...kept, program: async () => (await compile()).program, options });
  const { spec, pod, program } = await compile();
  return startPod({ identity: identityOf(spec), pod, program: () => program, options });
}
