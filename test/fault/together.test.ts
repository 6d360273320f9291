import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '../harness/pod-cli.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { newRandom } from './random.ts';
import { manifestWith } from './refused.ts';
import { removeAll } from './survive.ts';

const root = useTempRoot();
const WORKERS = 32;
const DURATION_MS = Number(process.env['POD_TOGETHER_S'] ?? 12) * 1000;

const MANIFEST = manifestWith({ exec: ['/bin/sleep', '1000'], stop: { signal: 'SIGKILL' } });
/** The pod of that manifest. */
const POD = 'refused';

/** What may be said by one who comes at the wrong moment. */
const ANSWERS =
  /\[(pod\/name-taken|pod\/not-found|pod\/ambiguous|pod\/state|pod\/died|pod\/start-failed|network\/failed)\]/;

const VERBS: readonly (readonly string[])[] = [
  ['run', '-d', '-'],
  ['run', '-d', '-'],
  ['stop', POD],
  ['rm', POD],
  ['rm', '--force', POD],
  ['ps', '-a'],
  ['status', POD],
  ['gc', '--grace', '0s'],
];

test(`${WORKERS} who start, stop, remove and list one pod at once get an answer each, and leave nothing`, async () => {
  const said = new Map<string, number>();
  const deadlineMs = performance.now() + DURATION_MS;
  const work = async (seed: number): Promise<void> => {
    const random = newRandom(seed);
    while (performance.now() < deadlineMs) {
      const args = VERBS[random(VERBS.length)]!;
      const { exitCode, signal, stderr } = await pod(args, { root, input: MANIFEST, timeoutMs: 120_000 });
      assert.equal(signal, undefined, `${args.join(' ')} hangs`);
      assert.doesNotMatch(stderr, /internal error|\n {4}at /, `${args.join(' ')}: ${stderr}`);
      if (exitCode !== 0) assert.match(stderr, ANSWERS, `${args.join(' ')}: ${stderr}`);
      const key = `${args[0]} ${exitCode}`;
      said.set(key, (said.get(key) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, index) => work(index + 1)));
  for (const verb of ['run', 'ps']) assert.ok(said.has(`${verb} 0`), [...said].join(' '));
  await removeAll(root);
});
