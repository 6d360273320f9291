import { median } from '../rounds.mjs';

const PODS = 300;
const EDGE = 50;

/** Pods started one after another, all running at the end, then stopped. */
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
    const pods = [];
    const times = [];
    for (let i = 0; i < PODS; i++) {
      const startMs = performance.now();
      pods.push(await library.start({ name: `many-${i}`, exec: ['/bin/sleep', '3600'] }));
      times.push(performance.now() - startMs);
    }
    const totalMs = times.reduce((sum, ms) => sum + ms, 0);
    const stopMs = await stopAll(pods);
    return new Map([
      ['started', [(PODS * 1000) / totalMs]],
      ['stopped', [(PODS * 1000) / stopMs]],
      [`median of the first ${EDGE}`, [median(times.slice(0, EDGE))]],
      [`median of the last ${EDGE}`, [median(times.slice(-EDGE))]],
    ]);
  },
};

async function stopAll(pods) {
  const startMs = performance.now();
  for (const pod of pods) await pod.stop({ graceMs: 0 });
  const ms = performance.now() - startMs;
  for (const pod of pods) await pod.remove();
  return ms;
}
