import type { Outline } from './outline.ts';
import { join } from './pointer.ts';
import type { Report } from './report.ts';
import { show } from './show.ts';

interface Named {
  readonly pointer: string;
  readonly name?: string | undefined;
}

/** Names are what the rest of the manifest, and every verb, refers to things by. */
export function checkNames(outline: Outline, report: Report): void {
  refuseTwins(outline.volumes, 'volume', report);
  refuseTwins(outline.apps, 'app', report);
  for (const app of outline.apps) {
    refuseTwins(app.ports, 'port', report);
    refuseTwinIsolators(app.isolators, report);
  }
  refuseTwinIsolators(outline.isolators, report);
}

function refuseTwins(things: readonly Named[], what: string, report: Report): void {
  const seen = new Map<string, string>();
  for (const { name, pointer } of things) {
    if (name === undefined) continue;
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, pointer);
      continue;
    }
    const { line } = report.document.at(join(first, 'name'));
    const problem = `another ${what} is called ${show(name)}`;
    report.error('manifest/duplicate', join(pointer, 'name'), problem, `the first one is on line ${line}`);
  }
}

/** Only the list form can name one twice: a map's fields are unique already. */
function refuseTwinIsolators(isolators: Outline['isolators'], report: Report): void {
  const seen = new Set<string>();
  for (const { name, pointer, isListed } of isolators) {
    if (isListed && seen.has(name))
      report.error('manifest/duplicate', pointer, `the isolator ${show(name)} is there twice`);
    seen.add(name);
  }
}
