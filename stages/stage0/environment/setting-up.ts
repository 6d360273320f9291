import { AsyncLocalStorage } from 'node:async_hooks';
import { PodError } from '../error.ts';

/** The homes of the snapshots whose setup the current asynchronous work belongs to. */
const within = new AsyncLocalStorage<readonly string[]>();
let running = 0;

/**
 * The result of the setup. AsyncLocalStorage slows down every asynchronous operation of the process, so it is enabled only while a
 * setup runs.
 */
export async function whileSettingUp(home: string, setup: () => unknown): Promise<unknown> {
  running++;
  try {
    return await within.run([...(within.getStore() ?? []), home], setup);
  } finally {
    if (--running === 0) within.disable();
  }
}

/** Throws when a setup would wait for itself. */
export function requireOutsideSetup(home: string, environment: string): void {
  if (running === 0 || !within.getStore()?.includes(home)) return;
  const message = `clone environment "${environment}": its setup is still running, and would wait for itself`;
  throw new PodError('pod/state', message, { hint: 'in setup, use the environment that setup gets as its argument' });
}
