import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { SO_RCVTIMEO } from '../../../stages/linux/constants.ts';
import { receiveWithFds, setTimeLimit, socketPair } from '../../../stages/linux/socket.ts';

test('a signal that comes while a message is waited for with a time limit is no failure', () => {
  const [ours, theirs] = socketPair();
  using near = ours;
  using far = theirs;
  const onSignal = (): void => undefined;
  process.on('SIGWINCH', onSignal);
  try {
    setTimeLimit(near.number, SO_RCVTIMEO, 5000);
    // Not stopped, it interrupts the call again and again until the answer is there.
    const script = `for i in 1 2 3 4 5; do kill -WINCH ${process.pid}; sleep 0.02; done; printf answer >&3`;
    spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'ignore', 'ignore', far.number] });
    const payload = Buffer.alloc(6);
    const { length } = receiveWithFds(near.number, payload, 1);
    assert.deepEqual([length, payload.toString()], [6, 'answer']);
  } finally {
    process.off('SIGWINCH', onSignal);
  }
});
