/** How long nobody else gets a turn. */
const TURN_MS = 20;

/** Takes the steps, and lets signals be heard in between. Throws the signal's reason; the steps clean up after themselves. */
export async function inTurns(steps: Iterable<void>, signal: AbortSignal): Promise<void> {
  let began = performance.now();
  for (const _ of steps) {
    if (performance.now() - began < TURN_MS) continue;
    await new Promise(setImmediate);
    signal.throwIfAborted();
    began = performance.now();
  }
}
