import { frozenBy } from '../pins/pins.ts';
import type { ChangeOptions, ReconcileResult } from '../sets/result.ts';
import { waitFlag } from './arguments.ts';
import { newProgress } from './progress.ts';
import { renderWarning } from './report.ts';
import { newSetPrinter } from './set-printer.ts';
import { StopOnSignal } from './stop-on-signal.ts';
import type { Invocation } from './verb.ts';

/** Something in the set is not as it should be. */
const UNHEALTHY = 3;

/** Changes a set by what `change` does, shows it, and gives the exit code. ^C begins nothing more; what has started stays. */
export async function changeSet(
  invocation: Invocation,
  set: string,
  change: (options: ChangeOptions) => Promise<ReconcileResult>,
): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const printer = await newSetPrinter(invocation, set);
  const progress = newProgress(invocation);
  const told = new Set<string>();
  using signals = new StopOnSignal();
  const onWarning = (warning: Error): void => {
    const text = renderWarning(terminal, warning);
    // A manifest is read to decide and again to be compiled.
    if (!isQuiet && !told.has(text)) terminal.err(text);
    told.add(text);
  };
  try {
    const result = await change({
      root,
      set,
      wait: flags.has('wait'),
      frozen: frozenBy(flags.has('frozen')),
      timeoutMs: waitFlag(invocation, 'timeout'),
      signal: signals.aborted,
      onEvent: printer.show,
      onProgress: progress.show,
      onWarning,
    });
    progress.finish();
    await printer.result(result);
    return result.failures.size > 0 ? UNHEALTHY : 0;
  } finally {
    progress.finish();
    await printer.finish();
  }
}
