import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRNO } from '../../../../stages/linux/errno.ts';
import { PodError } from '../../../../stages/stage0/error.ts';
import { launchFailure, launchOnBrokenNetwork } from '../../../../stages/stage0/launch/failure.ts';
import type { Message } from '../../../../stages/stage1/message.ts';
import { Program } from '../../../../stages/tape/program.ts';

const AT = { file: 'web.yaml', line: 3, col: 1 };

function failed(errno: number): PodError {
  const program = new Program();
  const tape = program.tape({ purpose: 'link' });
  tape.call('tape.check32', [tape.bytes([new Uint8Array(4)])], { at: AT, why: 'link the pod to the bridge' });
  return launchFailure(program, { type: 'failed', a: 0, b: 0, c: errno } as Message, AT);
}

test('a bridge without a free port is told of by what can be done about it', () => {
  assert.match(failed(ERRNO.EXFULL).hint ?? '', /1023 ports/);
});

test('an error that means something else for an op is told of by that', () => {
  const program = new Program();
  const tape = program.tape({ purpose: 'start' });
  tape.call('execve', [tape.text('/bin/sh')], { at: AT, hints: { EACCES: 'the policy says no' } });
  const hintOf = (errno: number): string | undefined =>
    launchFailure(program, { type: 'failed', a: 0, b: 0, c: errno } as Message, AT).hint;
  assert.equal(hintOf(ERRNO.EACCES), 'the policy says no');
  assert.match(hintOf(ERRNO.ENOENT) ?? '', /not in the image/);
});

test('what a start says of a network that was broken is what broke it, and only of a start that failed', () => {
  const error = launchOnBrokenNetwork('pod012345', failed(ERRNO.ENOENT));
  assert.ok(error instanceof PodError);
  assert.deepEqual([error.code, error.at], ['network/failed', AT]);
  const other = new PodError('pod/command-not-found', 'execute "nothing": not found');
  assert.equal(launchOnBrokenNetwork('pod012345', other), other);
});
