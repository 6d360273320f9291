import { O_CLOEXEC, O_WRONLY } from '../../linux/constants.ts';
import type { Tape } from '../../tape/program.ts';
import type { Draft } from '../isolators/isolator.ts';

/**
 * Inside a user namespace, a process that is not dumpable cannot open its own oom_score_adj. So the monitor opens it and init holds
 * the descriptor. Init takes the app's value during the clone, because children inherit it (docs/decisions/004).
 */
export function planOomScoreFile(attach: Tape): void {
  attach.call('openat', [attach.program.reg('initProc'), attach.text('oom_score_adj'), O_WRONLY | O_CLOEXEC, 0], {
    why: 'open the oom_score_adj of init',
    out: attach.program.reg('oomScoreAdj'),
    handOver: true,
  });
}

/** Ops for init itself: sets the app's value before the clone and its own value again after it. */
export function planOomScore(before: Tape, after: Tape, draft: Draft, own: number): void {
  const setting = draft.process.oomScoreAdj;
  if (!setting) return;
  const file = before.program.reg('oomScoreAdj');
  for (const [tape, value] of [
    [before, setting.value],
    [after, own],
  ] as const) {
    const text = String(value);
    tape.call('write', [file, tape.text(text), text.length], { at: setting.at, why: `set oom_score_adj to ${text}` });
  }
}
