import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../harness/eventually.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { eventsOf, shell, start } from './pods.ts';

const root = useTempRoot();

test('pods whose apps end at once, all together, end', async () => {
  const apps = Array.from({ length: 8 }, (_, i) => ({ name: `a${i}`, image: 'host', exec: ['/bin/true'] }));
  for (let i = 0; i < 15; i++) {
    await using pod = await start(root, 'brief', ...apps);
    assert.equal(await pod.exit, 0);
  }
});

test('each app starts and ends once in the journal', async () => {
  await using pod = await start(root, 'journal', shell('one', 'exit 3'), shell('two', 'kill -KILL $$'));
  await pod.exit;
  const seen = eventsOf(root, pod).filter(({ e }) => e.startsWith('app-'));
  const brief = seen.map((event) =>
    'app' in event ? `${event.app} ${event.e}${event.e === 'app-exited' ? ` ${event.code} ${event.signal}` : ''}` : '',
  );
  assert.deepEqual(brief.toSorted(), [
    'one app-exited 3 0',
    'one app-started',
    'two app-exited 0 9',
    'two app-started',
  ]);
});

test('ten thousand orphans leave no zombie, and exec is answered meanwhile', async () => {
  const orphans = `$| = 1; for (1..10000) { my $p = fork; if (!$p) { fork or exit; exit } waitpid $p, 0 } $SIG{TERM} = sub { exit 7 }; print "made\\n"; sleep 60`;
  await using pod = await start(root, 'orphans', {
    name: 'perl',
    image: 'host',
    exec: ['/usr/bin/perl', '-e', orphans],
  });
  let answered = 0;
  while (!pod.logs().some(({ text }) => text === 'made')) {
    assert.equal((await pod.exec(['/bin/true'])).exitCode, 0);
    answered++;
    await delay(100);
  }
  // Not only when all are made.
  assert.ok(answered >= 3, `${answered} commands`);
  const zombies = async (): Promise<number> =>
    Number((await pod.exec(['/bin/sh', '-c', 'grep -l "^State:.Z" /proc/[0-9]*/status | wc -l'])).stdout);
  // One that init has missed would stay.
  await eventually(async () => assert.equal(await zombies(), 0));
  assert.equal(await pod.stop(), 7);
});

test('an exec that outlives its client is reaped, and the pod can still be stopped', async () => {
  await using pod = await start(root, 'outlive', shell('main', 'sleep 60'));
  const { stdout } = await pod.exec(['/bin/sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo started']);
  assert.equal(stdout, 'started\n');
  assert.equal(await pod.stop({ graceMs: 0 }), 137);
});

test('an exec into an app that has ended is refused', async () => {
  await using pod = await start(root, 'gone', shell('main', 'sleep 60'), shell('gone', 'true'));
  while (pod.status()?.apps[1]?.state !== 'exited') await pod.exec(['/bin/true'], { app: 'main' });
  await assert.rejects(pod.exec(['/bin/true'], { app: 'gone' }), { code: 'pod/state' });
});

test('an app that ends while processes are executed in it ends the pod', async () => {
  for (let i = 0; i < 5; i++) {
    await using pod = await start(root, 'race', shell('main', 'sleep 0.05'));
    const execs = Array.from({ length: 20 }, () =>
      pod.exec(['/bin/true']).catch((error: { code: string }) => error.code),
    );
    for (const result of await Promise.all(execs)) {
      if (typeof result === 'string') assert.match(result, /^pod\/(state|died)$/);
      else assert.ok([0, 137].includes(result.exitCode), `exit ${result.exitCode}`);
    }
    assert.equal(await pod.exit, 0);
  }
});
