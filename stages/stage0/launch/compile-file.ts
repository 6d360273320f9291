import type { ManifestInput, RunOptions } from '../cli/launch-api.ts';
import { applyOverrides } from '../cli/overrides.ts';
import { PodErrors } from '../error.ts';
import type { Pins } from '../pins/pins.ts';
import { allErrorsOf } from '../manifest/all-errors.ts';
import { parseManifest } from '../manifest/parse.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { type Compilation, compilePod } from './compile.ts';
import { identityOf } from './compiled.ts';
import { keepPod } from './kept-pod.ts';

export interface CompiledFile extends Compilation {
  readonly spec: PodSpec;
}

/** Parses, resolves and plans; stores the result for the next start. `pins` are the pins beside the manifest. */
export async function compileFile(
  manifest: ManifestInput,
  options: RunOptions,
  pins: Pins | undefined,
): Promise<CompiledFile> {
  options.onPhase?.('parse');
  const { path, text, baseDir, name, network } = manifest;
  const read = parseManifest(text, path, { baseDir });
  const { spec: parsed, warnings } = read;
  if (!parsed) throw new PodErrors(await allErrorsOf(read));
  const warned: Error[] = [];
  const onWarning = (warning: Error): void => {
    warned.push(warning);
    options.onWarning?.(warning);
  };
  warnings.forEach(onWarning);
  const spec = applyOverrides(parsed, { name, network });
  const compiled = await compilePod(spec, { ...options, pins, onWarning });
  // A manifest with warnings is not stored, because each start must print them.
  if (warned.length === 0) {
    const { facts, apps, fileVolumes, pod } = compiled;
    const images = [...new Map(apps.map(({ image }) => [image.ref, image])).values()];
    const made = { facts, images, spec, fileVolumes };
    keepPod(manifest, options, { identity: identityOf(spec), pod }, made);
  }
  return { ...compiled, spec };
}
