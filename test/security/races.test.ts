import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Pod, PodError } from '../../stages/stage0/index.ts';
import { pod as podCli } from '../harness/pod-cli.ts';
import { PROBE } from '../harness/paths.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { endOf, INSIDE, newImage, startPod, useScratch } from './hostile-pod.ts';
import { useHostWatch } from './host-watch.ts';

const { scratch, canary } = useScratch();
const root = useTempRoot();
useHostWatch();
const image = newImage(`${scratch}/image`);
const shared = `${scratch}/shared`;
const RACE_MS = 1200;
const MIN_EXCHANGES = 500;
const MIN_STEPS = 5;
/** A step that looks up the directory several times finds it each time in one of twenty; a turn has dozens of steps, on a slow machine three. */
const MAX_TURNS = 150;

/** Who attacks: an app that has the volume and keeps exchanging a directory of it with a link out of it. */
async function attacker(): Promise<Pod> {
  return startPod(root, {
    image,
    volumes: [{ name: 'shared', kind: 'host', source: shared }],
    apps: [{ mounts: [{ volume: 'shared', path: '/shared' }] }],
  });
}

/** A volume with `dir/sub` in it, and links that lead out by the host's names and by climbing. */
function newVolume(target: string): void {
  rmSync(shared, { recursive: true, force: true });
  mkdirSync(`${shared}/dir/sub`, { recursive: true });
  mkdirSync(`${shared}/dir/inner`);
  for (const file of ['dir/file', 'dir/inner/file']) writeFileSync(`${shared}/${file}`, 'of the volume');
  symlinkSync(target, `${shared}/link`);
}

/**
 * Takes steps for as long as a directory of the volume and a link out of it change places. Both sides must really have run, and
 * some of the steps, which say so, have found the directory: one that always fails would show nothing.
 */
async function raceAgainst(pod: Pod, step: () => Promise<boolean>): Promise<void> {
  const race = { isOver: false, steps: 0, successes: 0 };
  let [turns, exchanges] = [0, 0];
  const attack = async (): Promise<void> => {
    // On a slow machine one of its turns is over before there was much to attack.
    do {
      turns++;
      const { stdout } = await pod.exec([INSIDE, 'exchange', '/shared/dir', '/shared/link', String(RACE_MS)]);
      exchanges += Number(/exchanged (\d+)/.exec(stdout)?.[1]);
    } while ((race.steps < MIN_STEPS || race.successes === 0) && turns < MAX_TURNS);
  };
  const attacked = attack().finally(() => (race.isOver = true));
  // A step that fails ends the pod, and the attack with it.
  attacked.catch(() => undefined);
  for (; !race.isOver; race.steps++) if (await step()) race.successes++;
  await attacked;
  const report = `${exchanges} exchanges, ${race.steps} steps of which ${race.successes} succeeded`;
  assert.ok(exchanges >= MIN_EXCHANGES && race.steps >= MIN_STEPS && race.successes > 0, report);
  canary.assertUntouched();
}

/** A start that is raced ends in a pod, or in an error at its line that says what was found, not that there were renames. */
function outputUnlessRefused(end: Awaited<ReturnType<typeof endOf>>): string | undefined {
  if (!(end instanceof PodError)) return end.output;
  assert.ok(end.code === 'pod/start-failed' && end.at !== undefined, String(end));
  assert.doesNotMatch(end.message, /temporarily unavailable/);
  return undefined;
}

const CLIMBING = `${'../'.repeat(20)}${canary.dir.slice(1)}`;

for (const [how, target] of [
  ['by its name', canary.dir],
  ['by climbing', CLIMBING],
] as const) {
  test(`a subPath that becomes a link out of the volume ${how} shows nothing of the host`, async () => {
    newVolume(target);
    await using bad = await attacker();
    await raceAgainst(bad, async () => {
      const mounts = [{ volume: 'shared', path: '/data', subPath: 'dir/inner' }];
      const volumes = [{ name: 'shared', kind: 'host', source: shared }];
      const reads = { exec: ['/bin/cat', '/data/file'], mounts };
      const output = outputUnlessRefused(await endOf(startPod(root, { image: 'host', volumes, apps: [reads] })));
      assert.ok(output === undefined || output === 'of the volume', output);
      return output !== undefined;
    });
  });

  test(`a mount below a directory of a volume that becomes a link out of it ${how} makes and mounts nothing outside`, async () => {
    newVolume(target);
    await using bad = await attacker();
    await raceAgainst(bad, async () => {
      const volumes = [
        { name: 'shared', kind: 'host', source: shared },
        { name: 'inner', kind: 'empty', medium: 'memory' },
      ];
      const mounts = [
        { volume: 'shared', path: '/shared' },
        { volume: 'inner', path: '/shared/dir/made/deep' },
      ];
      const app = { exec: [INSIDE, 'exit', '0'], mounts };
      return outputUnlessRefused(await endOf(startPod(root, { image, volumes, apps: [app] }))) !== undefined;
    });
  });
}

/** What `pod cp` brought, wherever it went: never what only the host has. */
function readAll(dir: string): string {
  if (!existsSync(dir)) return '';
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'latin1'))
    .join('\n');
}

test('cp out of a directory that becomes a link brings nothing of the host', async () => {
  newVolume(canary.dir);
  await using bad = await attacker();
  const out = `${scratch}/out`;
  await raceAgainst(bad, async () => {
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
    const { exitCode, stderr } = await podCli(['cp', `${bad.name}:/shared/dir/inner`, out], { root });
    assert.ok([0, 1, 2].includes(exitCode ?? -1), stderr);
    const copied = readAll(out);
    assert.ok(copied === '' || copied === 'of the volume', copied);
    return copied !== '';
  });
});

test('cp into a directory that becomes a link writes nothing on the host', async () => {
  writeFileSync(`${scratch}/sent`, 'sent');
  // A volume of the pod's own: one of the host's has owners that cp cannot write as.
  await using bad = await startPod(root, {
    image: 'host',
    volumes: [
      { name: 'shared', kind: 'empty' },
      { name: 'probe', kind: 'host', source: PROBE, readOnly: true },
    ],
    apps: [{ mounts: ['shared', 'probe'].map((volume) => ({ volume, path: `/${volume}` })) }],
  });
  const made = await bad.exec(['/bin/sh', '-c', `mkdir /shared/dir && ln -s ${canary.dir} /shared/link`]);
  assert.equal(made.exitCode, 0, made.stderr);
  await raceAgainst(bad, async () => {
    const { exitCode } = await podCli(['cp', `${scratch}/sent`, `${bad.name}:/shared/dir/file`], { root });
    return exitCode === 0;
  });
});

test('a tree whose directories become links while it is copied has nothing of the host in it', async () => {
  newVolume(canary.dir);
  await using bad = await attacker();
  const out = `${scratch}/out`;
  await raceAgainst(bad, async () => {
    rmSync(out, { recursive: true, force: true });
    await podCli(['cp', `${bad.name}:/shared`, out], { root });
    const copied = readAll(out);
    assert.doesNotMatch(copied, new RegExp(canary.secret));
    return copied !== '';
  });
});
