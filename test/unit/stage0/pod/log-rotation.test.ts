import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LogTail } from '../../../../stages/stage0/pod/log-tail.ts';
import { useScratch } from './scratch.ts';

const scratch = useScratch();
const LOOKS = ['statSync', 'existsSync', 'readdirSync', 'openSync', 'fstatSync', 'readSync'] as const;
/** More than a reader makes for what there is. */
const MOST_CALLS = 60;

/** Init's way: the oldest name first. */
function rotate(dir: string, text: string): void {
  for (const n of [2, 1]) {
    const from = join(dir, `a.log.${n}`);
    if (fs.lstatSync(from, { throwIfNoEntry: false })) fs.renameSync(from, join(dir, `a.log.${n + 1}`));
  }
  if (fs.lstatSync(join(dir, 'a.log'), { throwIfNoEntry: false }))
    fs.renameSync(join(dir, 'a.log'), join(dir, 'a.log.1'));
  fs.writeFileSync(join(dir, 'a.log'), lineOf(text));
}

function lineOf(text: string): string {
  return `2026-11-23T10:00:00.000000000Z stdout F ${text}\n`;
}

function readAll(tail: LogTail): string[] {
  const texts: string[] = [];
  for (let line = tail.next(); line; line = tail.next()) texts.push(Buffer.from(line.text).toString());
  return texts;
}

/** Before the `nth` call that looks at the file system. True when it was come to. */
function before(context: TestContext, nth: number, act: () => void): () => boolean {
  let calls = 0;
  let isActing = false;
  for (const name of LOOKS) {
    const real = fs[name] as (...args: unknown[]) => unknown;
    context.mock.method(fs, name, (...args: unknown[]) => {
      if (!isActing && ++calls === nth) {
        isActing = true;
        act();
        isActing = false;
      }
      return real(...args);
    });
  }
  return () => calls >= nth;
}

for (const isOpen of [true, false]) {
  test(`a rotation at any moment of a look loses no line and shows none twice (${isOpen ? 'following' : 'from the start'})`, async (context) => {
    for (let nth = 1; nth < MOST_CALLS; nth++) {
      const dir = fs.mkdtempSync(join(scratch, 'logs-'));
      fs.writeFileSync(join(dir, 'a.log'), lineOf('one'));
      using tail = new LogTail(dir, 'a');
      const seen = isOpen ? readAll(tail) : [];
      rotate(dir, 'two');
      const wasReached = before(context, nth, () => rotate(dir, 'three'));
      seen.push(...readAll(tail));
      context.mock.restoreAll();
      seen.push(...readAll(tail));
      if (!wasReached()) return assert.ok(nth > 5);
      assert.deepEqual(seen, ['one', 'two', 'three'], `at call ${nth}`);
    }
    assert.fail('it never came to an end');
  });
}
