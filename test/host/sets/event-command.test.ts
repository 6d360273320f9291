import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EventCommand, type EventLimits } from '../../../stages/stage0/cli/event-command.ts';
import { eventually } from '../../harness/eventually.ts';

const dir = mkdtempSync('/var/tmp/pod-hooks-');
after(() => rmSync(dir, { recursive: true }));

interface Told {
  readonly command: EventCommand;
  readonly complaints: string[];
}

function newCommand(text: string, limits: Partial<EventLimits>): Told {
  const complaints: string[] = [];
  const all = { commandMs: 10_000, finishMs: 10_000, waiting: 100, ...limits };
  return { command: new EventCommand(text, (line) => complaints.push(line.trimEnd()), all), complaints };
}

/** What starts a process that nothing would end, and says which: for that, each test leaves it time. */
function hanging(file: string): string {
  return `sleep 1000 & echo $! >> ${file}; wait`;
}

async function allEnded(file: string): Promise<void> {
  for (const pid of readFileSync(file, 'utf8').trim().split('\n'))
    await eventually(async () => assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' }));
}

test('a command that takes too long is ended with all it has started, and the next event is told', async () => {
  const file = join(dir, 'long');
  const { command, complaints } = newCommand(hanging(file), { commandMs: 2000 });
  command.run('{}', 'one');
  command.run('{}', 'two');
  await command.finish();
  assert.deepEqual(complaints, Array(2).fill('warning: --on-event: it was killed by SIGKILL'));
  await allEnded(file);
});

test('at the end all that was not told has its time together, and is named', async () => {
  const file = join(dir, 'end');
  const { command, complaints } = newCommand(hanging(file), { finishMs: 2000 });
  for (const name of ['one', 'two', 'three']) command.run('{}', name);
  const startedMs = Date.now();
  await command.finish();
  // Not of the ten seconds that each command may take.
  assert.ok(Date.now() - startedMs < 9000);
  assert.deepEqual(complaints, [
    'warning: --on-event: the command was killed, 2 s after the operation was complete',
    'warning: --on-event: it was not told of two, three',
  ]);
  await allEnded(file);
});

test('of more events than may wait the first ones go, and some of them are named', async () => {
  const file = join(dir, 'many');
  const { command, complaints } = newCommand(`cat >> ${file}`, { waiting: 2 });
  for (let number = 1; number <= 10; number++) command.run(String(number), `event ${number}`);
  await command.finish();
  assert.equal(readFileSync(file, 'utf8'), '1\n9\n10\n');
  const named = [2, 3, 4, 5, 6].map((number) => `event ${number}`).join(', ');
  assert.deepEqual(complaints, [`warning: --on-event: it was not told of ${named} and 2 more`]);
});
