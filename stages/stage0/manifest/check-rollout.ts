import type { Outline } from './outline.ts';
import { join } from './pointer.ts';
import type { Report } from './report.ts';
import {
  parseDependsOn,
  parseMinReadyMs,
  parsePrune,
  parseStrategy,
  PREFIX,
  ROLLOUT_ANNOTATIONS as KNOWN,
} from './rollout.ts';
import { show } from './show.ts';
import { suggestionHint } from './suggest.ts';

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  [KNOWN.dependsOn]: parseDependsOn,
  [KNOWN.minReady]: parseMinReadyMs,
  [KNOWN.prune]: parsePrune,
  [KNOWN.strategy]: parseStrategy,
};

/** Annotations are anybody's, but those that begin with `pod/` are ours: a misspelt one would be ignored in silence. */
export function checkRollout(outline: Outline, report: Report): void {
  for (const [name, value] of Object.entries(outline.annotations)) {
    if (!name.startsWith(PREFIX)) continue;
    const pointer = join('/metadata/annotations', name);
    const parse = Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
    if (parse) report.try(pointer, () => parse(value));
    else {
      const hint = suggestionHint(name, Object.keys(PARSERS), 'the annotations are');
      report.errorAtKey('manifest/unknown-field', pointer, `pod has no annotation ${show(name)}`, hint);
    }
  }
  checkStartFirst(outline, report);
}

/** The old pod has the port until it goes, and it goes when the new one is ready. */
function checkStartFirst({ annotations, apps }: Outline, report: Report): void {
  if (annotations[KNOWN.strategy] !== 'start-first') return;
  const published = apps.flatMap(({ ports }) => ports).find(({ hostPort }) => hostPort !== undefined);
  if (!published) return;
  report.error(
    'manifest/schema',
    join('/metadata/annotations', KNOWN.strategy),
    `"start-first" runs the old and the new pod at the same time, but only one can have port ${published.hostPort} of the host`,
    'publish no hostPort, or use "replace"',
  );
}
