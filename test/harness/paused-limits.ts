import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { run, type Pod } from '../../stages/stage0/index.ts';
import { type PodEvent, readEvents } from '../../stages/stage0/pod/events.ts';
import { PodStore } from '../../stages/stage0/pod/store.ts';
import { eventually } from './eventually.ts';

/** How much longer a pause is than every limit: one that ran on meanwhile is over. */
const EXCESS_MS = 200;
/** What is still under way when the pod is paused: it ends once it is told to. */
const until = (told: string): string => `until [ -e /told/${told} ]; do sleep 0.02; done`;
const sh = (script: string): string[] => ['/bin/sh', '-c', script];

const mainWith = (limit: string): object => ({
  name: 'main',
  image: 'host',
  exec: sh(`trap 'echo stopping; ${until('stop')}; echo clean; exit 0' TERM; echo up; while :; do sleep 0.05; done`),
  mounts: [{ volume: 'told', path: '/told' }],
  stop: { grace: limit },
  hooks: { preStop: sh(`echo hooking; ${until('hook')}; echo hooked`) },
  probes: {
    live: {
      exec: sh(`echo x >>/told/asked; ${until('probe')}`),
      period: '50ms',
      timeout: limit,
      failures: 1,
    },
  },
});
const crashWith = (limit: string): object => ({
  name: 'crash',
  image: 'host',
  exec: sh('[ -e /again ] && exec sleep 1000; : >/again; exit 1'),
  restart: { policy: 'on-failure', backoff: { initial: limit } },
});

/**
 * Whether a pod that is paused in the middle of whatever has a time limit finds it where it was: a pause before a restart, the time
 * limit of a probe, that of a hook, a grace period. Each limit is for a few steps of ours, on a slow machine too.
 * Throws what did not hold.
 */
export async function checkPausedLimits(root: string, limitMs = 2000): Promise<void> {
  const limit = `${limitMs}ms`;
  const told = mkdtempSync(`${root}.told-`);
  const pause = async (what: string): Promise<void> => {
    await pod.pause();
    await delay(limitMs + EXCESS_MS);
    assert.ok(pod.resume());
    writeFileSync(`${told}/${what}`, '');
  };
  const about = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'limits' }, network: { mode: 'none' } };
  const manifest = { ...about, volumes: [{ name: 'told', kind: 'host', source: told }] };
  const pod = await run({ ...manifest, apps: [mainWith(limit), crashWith(limit)] }, { root });
  try {
    // The pause before a restart, and a probe that is asking.
    await eventually(async () => assert.ok(find(root, pod, 'app-backoff')));
    await eventually(async () => assert.ok(existsSync(`${told}/asked`)));
    await pause('probe');
    await eventually(async () => assert.equal(eventsOf(root, pod).filter(({ e }) => e === 'app-started').length, 3));
    assertBackOff(eventsOf(root, pod), limitMs);
    // A hook before the stop, then the grace period.
    const ended = pod.stop();
    await said(pod, 'hooking');
    await pause('hook');
    await said(pod, 'stopping');
    await pause('stop');
    await ended;
    const texts = pod.logs('main').map(({ text }) => text);
    assert.deepEqual(texts, ['up', 'hooking', 'hooked', 'stopping', 'clean']);
    const [main] = pod.status()!.apps;
    assert.deepEqual([main!.exitCode, main!.signal, main!.hookFailures, main!.failedProbe], [0, null, [], null]);
  } finally {
    await pod.remove();
    rmSync(told, { recursive: true });
  }
}

async function said(pod: Pod, text: string): Promise<void> {
  await eventually(async () =>
    assert.ok(
      pod.logs('main').some((entry) => entry.text === text),
      text,
    ),
  );
}

/** The app is started when it has waited for all of its pause, of which none ran while the pod was paused. */
function assertBackOff(events: readonly PodEvent[], limitMs: number): void {
  const at = (e: string): number => events.find((event) => event.e === e)!.t;
  const again = events.findLast(({ e }) => e === 'app-started')!.t;
  const waited = again - at('app-backoff') - (at('pod-resumed') - at('pod-paused'));
  // The journal is told of a pause when it has begun, and of its end when it is over, by who may have waited for a processor.
  assert.ok(waited >= limitMs - 500, `${waited} ms`);
}

function find(root: string, pod: Pod, e: string): PodEvent | undefined {
  return eventsOf(root, pod).find((event) => event.e === e);
}

function eventsOf(root: string, pod: Pod): readonly PodEvent[] {
  return readEvents(new PodStore(root).locate(pod.uuid)!.path);
}
