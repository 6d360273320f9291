import { ANSWER_FD } from '../../launch/inside-answer.ts';
import { doInside, type InsideTask } from '../../launch/inside-tasks.ts';
import { onlyOperand } from '../arguments.ts';
import { StopOnSignal } from '../stop-on-signal.ts';
import type { Invocation, Verb } from '../verb.ts';

/** Not for people: what stage1 becomes in a user namespace of a normal user's, and after a pod on a network of plugins. */
export const verb: Verb = {
  name: 'inside',
  purpose: "Does a task of pod's own in place of stage1.",
  usage: ['pod inside TASK'],
  examples: [],
  flags: [],
  run: inside,
};

async function inside(invocation: Invocation): Promise<number> {
  const task = JSON.parse(onlyOperand(invocation, 'TASK')) as InsideTask;
  using stop = new StopOnSignal();
  await doInside(task, ANSWER_FD, stop.aborted);
  return 0;
}
