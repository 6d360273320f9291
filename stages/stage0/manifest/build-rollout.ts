import type { ManifestDocument } from './document.ts';
import type { Outline } from './outline.ts';
import { join } from './pointer.ts';
import { parseDependsOn, parseMinReadyMs, parsePrune, parseStrategy, ROLLOUT_ANNOTATIONS as KNOWN } from './rollout.ts';
import type { RolloutSpec } from './spec.ts';

/** The annotations have passed every check. */
export function buildRollout(document: ManifestDocument, { annotations }: Outline): RolloutSpec {
  const at = document.at(join('/metadata/annotations', KNOWN.dependsOn));
  const { [KNOWN.dependsOn]: dependsOn, [KNOWN.minReady]: minReady } = annotations;
  return {
    dependsOn: dependsOn === undefined ? [] : parseDependsOn(dependsOn).map((one) => ({ ...one, at })),
    strategy: parseStrategy(annotations[KNOWN.strategy] ?? 'replace'),
    ...(minReady === undefined ? {} : { minReadyMs: parseMinReadyMs(minReady) }),
    mayBePruned: parsePrune(annotations[KNOWN.prune] ?? 'enabled'),
  };
}
