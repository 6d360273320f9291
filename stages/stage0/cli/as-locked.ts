import { type PodError, PodErrors } from '../error.ts';
import { parseManifest } from '../manifest/parse.ts';
import { frozenBy, readPins } from '../pins/pins.ts';
import { imagesDir } from '../pod/layout.ts';
import type { Change } from '../sets/changes.ts';
import { judgeImages } from './judge-images.ts';
import { renderWarning } from './report.ts';
import type { Invocation } from './verb.ts';

/** What apply would refuse is not shown as what it would do. */
export async function requireAsLocked(
  { root, terminal, isQuiet }: Invocation,
  changes: readonly Change[],
): Promise<void> {
  const frozen = frozenBy(false);
  const errors: PodError[] = [];
  for (const { desired } of changes) {
    const pins = desired && readPins(desired.baseDir, frozen);
    if (!desired || !pins) continue;
    const { spec } = parseManifest(desired.text, desired.path, { baseDir: desired.baseDir });
    const options = { storeDir: imagesDir(root), baseDir: desired.baseDir, frozen };
    const found = await judgeImages(spec!, pins, options);
    errors.push(...found.errors);
    if (!isQuiet) for (const warning of found.warnings) terminal.err(renderWarning(terminal, warning));
  }
  if (errors.length > 0) throw new PodErrors(errors);
}
