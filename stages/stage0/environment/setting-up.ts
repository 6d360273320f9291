import { AsyncLocalStorage } from 'node:async_hooks';
import { PodError } from '../error.ts';

/** The homes of the snapshots whose setup the present work is a part of. */
const within = new AsyncLocalStorage<readonly string[]>();
let running = 0;

/** What a setup comes to. That something is followed through all that a process waits for costs all of it: only as long as one is at work. */
export async function whileSettingUp(home: string, setup: () => unknown): Promise<unknown> {
  running++;
  try {
    return await within.run([...(within.getStore() ?? []), home], setup);
  } finally {
    if (--running === 0) within.disable();
  }
}

/** Throws where it would wait for itself. */
export function requireOutsideSetup(home: string, environment: string): void {
  if (running === 0 || !within.getStore()?.includes(home)) return;
  const message = `clone environment "${environment}": its setup is at work, and would wait for itself`;
  throw new PodError('pod/state', message, { hint: 'setup is given an environment of its own to work in' });
}
