import { PodError } from '../../error.ts';
import { droppedNote, droppedOf, readUntold } from '../../pod/dropped.ts';
import { readEvents } from '../../pod/events.ts';
import { previousInstance, type Span } from '../../pod/instances.ts';
import { LogFollower, type LogOptions } from '../../pod/logs.ts';
import { wherever } from '../../pod/wherever.ts';
import { readRecord, whyNoRecord } from '../../pod/record.ts';
import { type PodDir, PodStore } from '../../pod/store.ts';
import { waitForPod } from '../../pod/wait.ts';
import { chooseApps, countFlag, onlyOperand } from '../arguments.ts';
import { LogPrinter } from '../log-printer.ts';
import type { Terminal } from '../terminal.ts';
import { parseSinceMs } from '../time.ts';
import { appFlag, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'logs',
  purpose:
    "Shows the logged output of a pod's apps in order of time: standard output on standard output, standard error on standard error.",
  usage: ['pod logs POD [-a APP] [-f|-p] [--since T] [--tail N] [-t]'],
  examples: [
    ['pod logs web', 'show the output of all apps'],
    ['pod logs web -a nginx -f', 'show one app and follow its output'],
    ['pod logs web -a nginx -p', 'show the output from before its last restart'],
    ['pod logs web --since 10m --tail 100', 'show at most 100 lines of the last ten minutes'],
  ],
  flags: [
    appFlag('show only this app'),
    { name: 'follow', short: 'f', help: 'follow the output until the pod ends' },
    {
      name: 'previous',
      short: 'p',
      help: "show the output from before each app's last restart; for an app that waits for a restart, the output of its last run",
    },
    { name: 'since', value: 'T', help: 'show only lines since T: a duration (10m) or a time (2026-11-23T10:00:00Z)' },
    { name: 'tail', value: 'N', help: 'show only the last N lines' },
    { name: 'timestamps', short: 't', help: 'print the time before each line' },
  ],
  completes: ['pods', 'nothing'],
  run: logs,
};

async function logs(invocation: Invocation): Promise<number> {
  const { flags, root, terminal } = invocation;
  const since = flags.value('since');
  const tail = countFlag(invocation, 'tail');
  const store = new PodStore(root);
  const pod = store.find(onlyOperand(invocation, 'POD'));
  if (pod.state === 'prepared') {
    throw new PodError('pod/state', `read the logs of pod ${pod.uuid}: it has not been started`, {
      hint: `pod run-prepared ${pod.uuid.slice(0, 8)} starts it`,
    });
  }
  const chosen = chooseApps(appNames(store, pod), flags.value('app'));
  const spans = flags.has('previous') ? previousOf(store, pod, chosen) : undefined;
  const apps = spans ? [...spans.keys()] : chosen;
  if (spans && flags.has('follow'))
    throw new PodError('cli/usage', '-f does not go with -p: -p shows output that is complete');
  const printer = new LogPrinter({ terminal, apps, hasTimes: flags.has('timestamps') });
  const options: LogOptions = {
    apps,
    sink: (app, line) => printer.print(app, line),
    onBatch: () => printer.flush(),
    since: since === undefined ? undefined : parseSince(since),
    tail,
    spans,
  };
  using follower = openFollower(store, pod, options);
  follower.readExisting();
  if (flags.has('follow')) {
    follower.follow();
    await Promise.race([waitForPod(store, pod.uuid, 'exit'), follower.failure]);
  }
  follower.finish();
  printer.finish();
  if (!invocation.isQuiet) noteDropped(terminal, store.locate(pod.uuid)?.path ?? pod.path, apps);
  return 0;
}

function openFollower(store: PodStore, { uuid }: PodDir, options: LogOptions): LogFollower {
  return wherever(store, uuid, (path) => {
    if (path !== undefined) return new LogFollower(path, options);
    throw new PodError('pod/state', `read the logs of pod ${uuid}: it has just been removed`);
  });
}

/** Of all that was ever written: whether it would have been shown here nobody knows. */
function noteDropped(terminal: Terminal, podPath: string, apps: readonly string[]): void {
  const events = readEvents(podPath);
  const untold = readUntold(podPath);
  const all = readRecord(podPath)?.apps.map(({ name }) => name) ?? [];
  for (const app of apps) {
    const note = droppedNote(app, droppedOf(events, app, untold[all.indexOf(app)]));
    if (note !== undefined) terminal.err(`note: ${note}\n`);
  }
}

/** Of those that have one. */
function previousOf(store: PodStore, { uuid, path }: PodDir, apps: readonly string[]): Map<string, Span> {
  const spans = wherever(store, uuid, (at = path) => spansIn(readEvents(at), apps));
  if (spans) return spans;
  const found =
    apps.length === 1 ? `app "${apps[0]}" has no previous instance` : 'none of its apps has a previous instance';
  throw new PodError('pod/state', `show previous output of pod ${uuid}: ${found}`, {
    hint: 'an app has previous output only after a restart',
  });
}

function spansIn(events: ReturnType<typeof readEvents>, apps: readonly string[]): Map<string, Span> | undefined {
  const spans = new Map<string, Span>();
  for (const app of apps) {
    const span = previousInstance(events, app);
    if (span) spans.set(app, span);
  }
  return spans.size > 0 ? spans : undefined;
}

function appNames(store: PodStore, pod: PodDir): string[] {
  const record = wherever(store, pod.uuid, (path = pod.path) => readRecord(path));
  if (!record) throw new PodError('pod/state', `read the logs of pod ${pod.uuid}: ${whyNoRecord(pod.path)}`);
  return record.apps.map((app) => app.name);
}

/** RFC 3339 with nanoseconds, as the log files have it, so that times compare as text. */
export function parseSince(text: string, nowMs: number = Date.now()): string {
  const ms = parseSinceMs(text, nowMs);
  return new Date(ms).toISOString().replace('Z', '000000Z');
}
