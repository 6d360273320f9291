import { median } from '../rounds.mjs';

const PODS = 300;
const EDGE = 50;

/**
 * Pods started one after another, all running at the end, then stopped. The first ones are started once more afterwards: a machine
 * whose speed drifts would be taken for a cost that grows with the number of pods.
 */
export const manyPods = {
  name: `${PODS} pods one after another`,
  rounds: 1,
  subjects: {},
  bars: [
    { subject: 'started', atLeast: 100, unit: 'a second' },
    { subject: `median of the last ${EDGE}`, peer: `median of the first ${EDGE}`, times: 1.15 },
  ],
  async measure(context) {
    const library = await context.library();
    await library.warmUp();
    const { pods, times } = await startMany(library, PODS);
    const totalMs = times.reduce((sum, ms) => sum + ms, 0);
    const stopMs = await stopAll(pods);
    const again = await startMany(library, EDGE);
    await stopAll(again.pods);
    return new Map([
      ['started', [(PODS * 1000) / totalMs]],
      ['stopped', [(PODS * 1000) / stopMs]],
      [`median of the first ${EDGE}`, [median([...times.slice(0, EDGE), ...again.times])]],
      [`median of the last ${EDGE}`, [median(times.slice(-EDGE))]],
    ]);
  },
};

export async function startMany(library, pods, apps = 1) {
  const started = [];
  const times = [];
  for (let i = 0; i < pods; i++) {
    const startMs = performance.now();
    started.push(await library.start({ name: `many-${i}`, count: apps, exec: ['/bin/sleep', '3600'] }));
    times.push(performance.now() - startMs);
  }
  return { pods: started, times };
}

export async function stopAll(pods) {
  const startMs = performance.now();
  for (const pod of pods) await pod.stop({ graceMs: 0 });
  const ms = performance.now() - startMs;
  for (const pod of pods) await pod.remove();
  return ms;
}
