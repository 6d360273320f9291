import { median } from '../rounds.mjs';
import { startMany, stopAll } from './many-pods.mjs';

const PODS = 300;
const APPS = 3;
const EDGE = 50;
const PS_ROUNDS = 9;

/** Pods of several apps, all running at the end: they are listed, then stopped as a person would, by the command line. */
export const manyApps = {
  name: `${PODS} pods of ${APPS} apps`,
  rounds: 1,
  subjects: {},
  bars: [
    { subject: `median of the last ${EDGE}`, peer: `median of the first ${EDGE}`, times: 1.5 },
    { subject: 'pod ps with all of them', atMost: 300, unit: 'ms' },
    { subject: 'stopping all', atMost: 30, unit: 's' },
  ],
  async measure(context) {
    const library = await context.library();
    const cli = await context.cli();
    await library.warmUp();
    const { pods, times } = await startMany(library, PODS, APPS);
    const list = [];
    for (let i = 0; i < PS_ROUNDS; i++) list.push(await cli.time('ps', '', library.root));
    const stopMs = await cli.time('stop', pods.map(({ uuid }) => uuid).join(' '), library.root);
    await Promise.all(pods.map(({ exit }) => exit));
    for (const pod of pods) await pod.remove();
    const again = await startMany(library, EDGE, APPS);
    await stopAll(again.pods);
    return new Map([
      ['pod ps with all of them', list],
      ['stopping all', [stopMs / 1000]],
      [`median of the first ${EDGE}`, [median([...times.slice(0, EDGE), ...again.times])]],
      [`median of the last ${EDGE}`, [median(times.slice(-EDGE))]],
    ]);
  },
};
