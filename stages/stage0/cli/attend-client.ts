import { type ClientWants, beClient } from './app-client.ts';
import type { AttachedApp, RunningPod } from './launch-api.ts';
import { loadControl } from './load-launch.ts';
import { lostNote } from './lost-note.ts';
import type { Terminal } from './terminal.ts';

/** A pod ends some milliseconds after its last app. */
const POD_END_MS = 200;

/**
 * Shows the first app's terminal. The result is the exit code when the caller leaves before the app has ended. `onHangup` is to
 * stop the pod.
 */
export async function attendClient(
  terminal: Terminal,
  pod: RunningPod,
  client: AttachedApp,
  wants: ClientWants,
  onHangup: () => void,
): Promise<number | undefined> {
  const result = await beClient(client, wants);
  if (result.how === 'detached') {
    terminal.err(`\ndetached: "pod attach ${pod.name}" attaches again\n`);
    return 0;
  }
  if (result.how === 'hangup') {
    await hangUp(pod);
    onHangup();
    return undefined;
  }
  terminal.err(lostNote(result.end?.lostBytes ?? 0));
  if (pod.apps.length > 1 && !(await endsSoon(pod)))
    terminal.err(`app "${pod.apps[0]}" has ended, the pod keeps running: ^C stops it\n`);
  return undefined;
}

/** As a line that goes down does to what runs on it: a shell ends by that, and not by SIGTERM. */
async function hangUp(pod: RunningPod): Promise<void> {
  const { signalPod } = await loadControl();
  // One that ended just now needs no signal.
  await signalPod(pod.path, pod.apps[0], 'SIGHUP').catch(() => undefined);
}

async function endsSoon(pod: RunningPod): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, POD_END_MS, false);
  });
  const hasEnded = await Promise.race([pod.exit.then(() => true), late]);
  clearTimeout(timer);
  return hasEnded;
}
