import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../stages/stage0/index.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { endOf, INSIDE, newImage, probe, startPod, UNBOUND, useScratch } from './hostile-pod.ts';
import { useHostWatch } from './host-watch.ts';

const { scratch, canary } = useScratch();
const root = useTempRoot();
useHostWatch();
const image = newImage(`${scratch}/image`);

interface Escape {
  readonly found: readonly string[];
  readonly tried: number;
}

/** Finds the canary where it is shown on purpose, and nowhere else. */
async function assertNoWayOut(pod: Pod, settings: Parameters<Pod['exec']>[1] = {}): Promise<void> {
  const { found, tried } = await probe<Escape>(pod, ['escape', canary.file], settings);
  assert.ok(tried > 800, `${tried} ways`);
  assert.deepEqual(found, []);
}

test('the ways out are found where there is one', async () => {
  await using pod = await startPod(root, {
    image,
    volumes: [{ name: 'canary', kind: 'host', source: canary.dir, readOnly: true }],
    apps: [{ mounts: [{ volume: 'canary', path: canary.dir }] }],
  });
  const { found } = await probe<Escape>(pod, ['escape', canary.file]);
  for (const way of ['by its name', 'from the working directory', '/proc/self/fd/0'])
    assert.equal(found.includes(way), way !== '/proc/self/fd/0', way);
});

test('no way leads out of a default pod', async () => {
  await using pod = await startPod(root, { image });
  await assertNoWayOut(pod);
});

test('none does with every capability of its user namespace and no filter', async () => {
  await using pod = await startPod(root, { image, apps: [UNBOUND] });
  await assertNoWayOut(pod);
});

test('none does as root of the host, who has the capabilities of every app', async () => {
  await using pod = await startPod(root, { image, pod: { userns: 'host' } });
  await assertNoWayOut(pod);
});

interface Beneath {
  readonly unshare: string;
  readonly umount: string;
  readonly setns: string;
  /** Names in the root that is there now. */
  readonly root: readonly string[];
  readonly mounts: readonly string[];
}

test('who takes the root of its app away finds an empty one, and nothing of init’s or of another app’s', async () => {
  const neighbour = { exec: [INSIDE, 'hold'] };
  for (const pod of [{}, { userns: 'host' }]) {
    await using running = await startPod(root, { image, apps: [UNBOUND, neighbour], pod });
    const found = await probe<Beneath>(running, ['beneath'], { app: 'app0' });
    const gone = { unshare: 'ok', umount: 'ok', setns: 'ok' };
    assert.deepEqual(found, { ...gone, root: [], mounts: ['/'] });
  }
});

test('a working directory that is a descriptor of the runtime’s leads nowhere, for exec and for the app', async () => {
  await using pod = await startPod(root, { image });
  for (let fd = 0; fd < 24; fd++) {
    for (const workingDirectory of [`/proc/self/fd/${fd}`, `/proc/self/fd/${fd}/../../..`, `/proc/1/fd/${fd}`]) {
      const result = await pod
        .exec([INSIDE, 'escape', canary.file], { workingDirectory })
        .catch((error: unknown) => error);
      if (result instanceof Error) continue;
      assert.deepEqual((JSON.parse((result as { stdout: string }).stdout) as Escape).found, [], workingDirectory);
    }
  }
  for (const fd of [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
    const app = { exec: [INSIDE, 'escape', canary.file], workingDirectory: `/proc/self/fd/${fd}` };
    const end = await endOf(startPod(root, { image, apps: [app] }));
    if (!(end instanceof Error)) assert.deepEqual((JSON.parse(end.output) as Escape).found, []);
  }
});

test('a command that is the program which starts it is not stage1, and changes nothing', async () => {
  for (const command of ['/proc/self/exe', '/proc/1/exe', '/proc/self/fd/3', '/proc/self/fd/0']) {
    const end = await endOf(startPod(root, { image, apps: [{ exec: [command] }] }));
    assert.ok(end instanceof Error || end.code !== 0, command);
  }
});

interface Hunt {
  readonly rounds: number;
  readonly looks: number;
  readonly seen: readonly string[];
}

/** Of commands that run: the probe itself, and the streams they were given. One that has just ended has no name any more. */
const THEIRS = /^(probe)?: (exe \/probe$|fd (\/|\/dev\/null|pipe:.*|socket:.*|\/#\d+ \(deleted\)|\/proc(\/.*)?)$)/;

/** A turn of hunting; on a slow machine it takes many of them until there was much to see. */
const TURN_MS = '1000';
const MAX_TURNS = 100;
const ENOUGH = 50;

test('what joins a pod is never to be looked into before it is the command', async () => {
  await using pod = await startPod(root, { image });
  const hunters = [1, 2].map(() => ({ rounds: 0, looks: 0, seen: new Set<string>() }));
  let joined = 0;
  for (let turn = 0; turn < MAX_TURNS && (joined <= ENOUGH || hunters.some(({ rounds }) => rounds <= ENOUGH)); turn++) {
    const hunts = hunters.map(() => probe<Hunt>(pod, ['hunt', TURN_MS]));
    const race = { isOver: false };
    const over = Promise.all(hunts).finally(() => (race.isOver = true));
    over.catch(() => undefined);
    for (; !race.isOver; joined++) await pod.exec([INSIDE, 'exit', '0']);
    for (const [index, { rounds, looks, seen }] of (await over).entries()) {
      hunters[index]!.rounds += rounds;
      hunters[index]!.looks += looks;
      for (const line of seen) hunters[index]!.seen.add(line);
    }
  }
  for (const { rounds, looks, seen } of hunters) {
    const report = `${rounds} rounds, ${looks} looks, ${joined} joined`;
    assert.ok(rounds > ENOUGH && looks > rounds && joined > ENOUGH, report);
    // Both hunters are to be seen: the hunt can find something.
    assert.ok(seen.has('probe: exe /probe'), [...seen].join());
    assert.deepEqual(
      [...seen].filter((line) => !THEIRS.test(line)),
      [],
    );
  }
});

test('nor is what starts again, time after time', async () => {
  const restart = { policy: 'always', backoff: { initial: '1ms', cap: '1ms' } };
  await using pod = await startPod(root, {
    image,
    apps: [{}, { exec: [INSIDE, 'exit', '1'], restart }],
  });
  const restarts = (): number => pod.status()?.apps.find(({ name }) => name === 'app1')?.restarts ?? 0;
  const before = restarts();
  let [rounds, starts] = [0, 0];
  for (let turn = 0; turn < MAX_TURNS && (rounds <= ENOUGH || starts <= 5); turn++) {
    const hunt = await probe<Hunt>(pod, ['hunt', TURN_MS]);
    rounds += hunt.rounds;
    starts = restarts() - before;
    assert.deepEqual(
      hunt.seen.filter((line) => !THEIRS.test(line)),
      [],
    );
  }
  assert.ok(rounds > ENOUGH && starts > 5, `${rounds} rounds, ${starts} starts`);
});
