import { removePod } from '../gc/remove.ts';
import type { RunningPod } from './launch-api.ts';
import type { Terminal } from './terminal.ts';

/** Stops and removes pods in the background whose uuids could not be written: nobody knows of them. */
export async function takeBackUntold(terminal: Terminal, root: string, pods: readonly RunningPod[]): Promise<void> {
  // One that has ended meanwhile cannot be asked.
  await Promise.all(pods.map((pod) => pod.stop().catch(() => undefined)));
  for (const pod of pods) {
    await pod.exit;
    await removePod(root, pod.uuid);
  }
  const names = pods.map(({ name }) => `"${name}"`).join(', ');
  terminal.err(`stopped and removed ${names}: the uuid could not be written\n`);
}
