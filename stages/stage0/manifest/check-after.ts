import type { Outline, OutlineAfter, OutlineApp } from './outline.ts';
import { join } from './pointer.ts';
import type { Report } from './report.ts';
import { show } from './show.ts';
import { suggestionHint } from './suggest.ts';

/** Who waits for whom: names that exist, conditions that can come true, no circles. */
export function checkAfter(outline: Outline, report: Report): void {
  const apps = new Map<string, OutlineApp>();
  for (const app of outline.apps) if (app.name !== undefined) apps.set(app.name, app);
  for (const app of outline.apps) {
    const seen = new Set<string>();
    for (const after of app.after) {
      if (after.app === undefined) continue;
      checkEntry(app, after, after.app, apps, report);
      if (seen.has(after.app))
        report.error('manifest/duplicate', join(after.pointer, 'app'), `waits for ${show(after.app)} twice`);
      seen.add(after.app);
    }
  }
  refuseCircles(apps, report);
}

function checkEntry(
  app: OutlineApp,
  after: OutlineAfter,
  name: string,
  apps: ReadonlyMap<string, OutlineApp>,
  report: Report,
): void {
  const at = join(after.pointer, 'app');
  const other = apps.get(name);
  if (name === app.name) {
    report.error('manifest/cycle', at, `the app ${show(name)} waits for itself`);
  } else if (!other) {
    const names = [...apps.keys()].filter((candidate) => candidate !== app.name);
    report.error(
      'manifest/reference',
      at,
      `no app is called ${show(name)}`,
      suggestionHint(name, names, 'the apps are'),
    );
  } else if (after.condition === 'completed' && other.restart?.policy === 'always') {
    const problem = `the app ${show(name)} is always restarted, so it never completes`;
    report.error('manifest/reference', join(after.pointer, 'condition'), problem);
  }
}

/** One error a circle, at the entry that closes it. Walks with a stack of its own: a chain can be as long as a manifest. */
function refuseCircles(apps: ReadonlyMap<string, OutlineApp>, report: Report): void {
  const done = new Set<string>();
  for (const start of apps.keys()) {
    const path: { name: string; next: number }[] = [{ name: start, next: 0 }];
    const onPath = new Set([start]);
    while (path.length > 0) {
      const top = path.at(-1)!;
      const entry = done.has(top.name) ? undefined : apps.get(top.name)?.after[top.next++];
      if (!entry) {
        done.add(top.name);
        onPath.delete(top.name);
        path.pop();
      } else if (entry.app !== undefined && entry.app !== top.name && onPath.has(entry.app)) {
        reportCircle(
          path.map(({ name }) => name),
          entry,
          report,
        );
      } else if (entry.app !== undefined && apps.has(entry.app) && !done.has(entry.app) && entry.app !== top.name) {
        path.push({ name: entry.app, next: 0 });
        onPath.add(entry.app);
      }
    }
  }
}

const MAX_SHOWN = 20;

function reportCircle(path: readonly string[], entry: OutlineAfter, report: Report): void {
  const circle = [...path.slice(path.indexOf(entry.app!)), entry.app!];
  const shown = circle.length > MAX_SHOWN ? [...circle.slice(0, MAX_SHOWN), '…', entry.app!] : circle;
  report.error(
    'manifest/cycle',
    join(entry.pointer, 'app'),
    `apps wait for each other in a cycle: ${shown.join(' → ')}`,
  );
}
