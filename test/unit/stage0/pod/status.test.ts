import assert from 'node:assert/strict';
import { appendFileSync, closeSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventTail } from '../../../../stages/stage0/pod/event-tail.ts';
import { readEvents, readFinal } from '../../../../stages/stage0/pod/events.ts';
import { appendLedger, readLedger } from '../../../../stages/stage0/pod/ledger.ts';
import { type PodRecord, readRecord, writeRecord } from '../../../../stages/stage0/pod/record.ts';
import { type PodStatus, readStatus, StatusReader, statusOf } from '../../../../stages/stage0/pod/status.ts';
import { type NewPod, PodStore } from '../../../../stages/stage0/pod/store.ts';
import { readBootId } from '../../../../stages/stage0/pod/uuid.ts';
import { useScratch } from './scratch.ts';

const scratch = useScratch();
const IMAGE = { ref: 'host', digest: 'sha256:0' };

interface Scene {
  readonly store: PodStore;
  readonly pod: NewPod;
  readonly status: () => PodStatus;
}

function scene(apps: readonly string[], events: readonly string[], change: Partial<PodRecord> = {}): Scene {
  const store = new PodStore(mkdtempSync(join(scratch, 'root-')));
  const pod = store.create();
  writeRecord(pod.path, {
    uuid: pod.uuid,
    name: 'web',
    createdAt: '2026-01-01T00:00:00.000Z',
    manifest: { path: 'x.yaml' },
    labels: {},
    annotations: {},
    network: { mode: 'none', ips: [] },
    bootId: readBootId(),
    hostname: 'web',
    uidBase: null,
    apps: apps.map((name) => ({ name, image: IMAGE, restart: 'never' })),
    ...change,
  });
  writeFileSync(join(pod.path, 'final'), '{}'.padEnd(512));
  writeFileSync(join(pod.path, 'events'), events.map((line) => `${line}\n`).join(''));
  const path = store.move(pod.uuid, 'prepare', 'run');
  return { store, pod: { ...pod, path }, status: () => readStatus(store, pod.uuid)! };
}

function end({ store, pod }: Scene, final: string): void {
  writeFileSync(join(pod.path, 'final'), final.padEnd(512));
  store.move(pod.uuid, 'run', 'exited');
  closeSync(pod.lockFd);
}

const STARTED = ['{"t":1000.5,"e":"pod-started"}', '{"t":1001,"e":"app-started","app":"a","pid":7}'];

test('a pod whose lock is held runs, and so do its started apps', () => {
  const { status, pod } = scene(['a', 'b'], STARTED);
  const found = status();
  assert.equal(found.state, 'running');
  assert.equal(found.startedAt, '1970-01-01T00:00:01.000Z');
  assert.deepEqual(
    found.apps.map((app) => app.state),
    ['running', 'waiting'],
  );
  closeSync(pod.lockFd);
});

test('a pod in run whose lock is free died, and nobody knows its code', () => {
  const { status, pod } = scene(['a'], STARTED);
  closeSync(pod.lockFd);
  const found = status();
  assert.equal(found.state, 'exited');
  assert.equal(found.exitCode, null);
  assert.deepEqual([found.apps[0]?.state, found.apps[0]?.exitCode], ['exited', null]);
});

test('a pod of an earlier boot has exited', () => {
  const { status, pod } = scene(['a'], STARTED, { bootId: 'another' });
  assert.equal(status().state, 'exited');
  closeSync(pod.lockFd);
});

test('the first code that is not 0, in manifest order, is the pod’s', () => {
  const exits = [
    '{"t":3000,"e":"app-exited","app":"b","code":4,"signal":0,"oom":0}',
    '{"t":3001,"e":"app-exited","app":"a","code":3,"signal":0,"oom":0}',
  ];
  const one = scene(
    ['ok', 'a', 'b'],
    [...STARTED, '{"t":2000,"e":"app-exited","app":"ok","code":0,"signal":0,"oom":0}', ...exits],
  );
  end(one, '{"t":4000,"code":0,"signal":0}');
  const found = one.status();
  assert.equal(found.exitCode, 3);
  assert.equal(found.finishedAt, '1970-01-01T00:00:04.000Z');
});

test('an app that was never started counts when no app has a code of its own', () => {
  const skipped = '{"t":1004,"e":"app-skipped","app":"b","because":"a"}';
  for (const [code, pods] of [
    [0, 125],
    [5, 5],
  ]) {
    const exited = `{"t":1003,"e":"app-exited","app":"a","pid":7,"code":${code},"signal":0,"oom":0}`;
    const found = scene(['b', 'a'], [...STARTED, exited, skipped]);
    end(found, '{"t":1005,"code":0,"signal":0}');
    assert.equal(found.status().exitCode, pods);
  }
});

test('an app killed by a signal exits with 128 and the signal', () => {
  const one = scene(['a'], [...STARTED, '{"t":3000,"e":"app-exited","app":"a","code":0,"signal":9,"oom":1}']);
  end(one, '{"t":4000,"code":0,"signal":0}');
  const [app] = one.status().apps;
  assert.deepEqual([app?.exitCode, app?.signal, app?.oomKilled], [137, 9, true]);
  assert.equal(one.status().exitCode, 137);
});

test('a pod that moves on while it is looked at is read where it has moved to, and its end is not made up', () => {
  const one = scene(['a'], [...STARTED, '{"t":3000,"e":"app-exited","app":"a","code":4,"signal":0,"oom":0}']);
  const before = one.store.locate(one.pod.uuid)!;
  end(one, '{"t":4000,"code":0,"signal":0}');
  using tail = new EventTail(one.pod.uuid);
  assert.deepEqual(tail.read({ ...before, state: 'exited' }), []);
  const last = tail.read(one.store.locate(one.pod.uuid)).at(-1);
  assert.deepEqual(last, { t: 4000, e: 'pod-exited', code: 4 });
  const status = statusOf(one.store, before, new StatusReader())!;
  assert.deepEqual([status.name, status.state, status.exitCode], ['web', 'exited', 4]);
});

test('apps nobody saw end were killed with init', () => {
  const one = scene(['a'], STARTED);
  end(one, '{"t":4000,"code":0,"signal":9}');
  const found = one.status();
  assert.deepEqual([found.apps[0]?.exitCode, found.apps[0]?.signal, found.exitCode], [137, 9, 137]);
});

test('the code of an app that always restarts does not count', () => {
  const one = scene(['a'], [...STARTED, '{"t":3000,"e":"app-exited","app":"a","code":9,"signal":0,"oom":0}'], {
    apps: [{ name: 'a', image: IMAGE, restart: 'always' }],
  });
  end(one, '{"t":4000,"code":0,"signal":0}');
  assert.equal(one.status().exitCode, 0);
});

test('a restart is counted, and the app runs again', () => {
  const again = [
    '{"t":3000,"e":"app-exited","app":"a","code":9,"signal":0,"oom":0}',
    '{"t":3100,"e":"app-started","app":"a","pid":9}',
  ];
  const one = scene(['a'], [...STARTED, ...again]);
  const [app] = one.status().apps;
  assert.deepEqual([app?.state, app?.restarts, app?.exitCode], ['running', 1, null]);
  closeSync(one.pod.lockFd);
});

test('damaged files are missing data, never a failure', () => {
  const junk = [
    '',
    '{',
    '[]',
    'null',
    '{"t":"x","e":1}',
    '{"t":1e99,"e":"pod-started"}',
    '\0\0\0',
    '{"t":1,"e":"app-exited"',
    '{"kind":3}',
  ];
  for (const text of junk) {
    const one = scene(['a'], STARTED);
    for (const name of ['final', 'record.json', 'ledger']) writeFileSync(join(one.pod.path, name), text);
    appendFileSync(join(one.pod.path, 'events'), text);
    assert.equal(readFinal(one.pod.path), undefined, text);
    assert.equal(readRecord(one.pod.path), undefined, text);
    assert.deepEqual(readLedger(one.pod.path), [], text);
    assert.equal(readEvents(one.pod.path).length, 2, text);
    assert.equal(one.status().uuid, one.pod.uuid);
    closeSync(one.pod.lockFd);
  }
});

test('the ledger comes back as it was written, without a torn end', () => {
  const one = scene(['a'], []);
  const entries = [
    { kind: 'cgroup', path: '/x' },
    { kind: 'claim', of: 'ip4', key: '10.0.0.1' },
  ];
  appendLedger(one.pod.path, entries);
  appendFileSync(join(one.pod.path, 'ledger'), '{"kind":"cg');
  assert.deepEqual(readLedger(one.pod.path), entries);
  closeSync(one.pod.lockFd);
});

const CRASHED = [
  ...STARTED,
  '{"t":1002,"e":"app-exited","app":"a","code":3,"signal":0,"oom":0}',
  '{"t":1002.1,"e":"app-backoff","app":"a","ms":500,"failures":1}',
];

test('in its back-off an app waits, and how it ended is still told', () => {
  const [app] = scene(['a'], CRASHED).status().apps;
  assert.deepEqual([app!.state, app!.reason, app!.exitCode, app!.lastExit?.exitCode], ['waiting', 'back-off', null, 3]);
  assert.equal(app!.nextStartAt, '1970-01-01T00:00:01.502Z');
  const again = scene(['a'], [...CRASHED, '{"t":1600,"e":"app-started","app":"a","pid":9}']).status().apps[0]!;
  assert.deepEqual([again.state, again.reason, again.restarts, again.lastExit?.exitCode], ['running', null, 1, 3]);
});

test('an app that is to be started because somebody asked waits, and has not ended', () => {
  const asked = [
    '{"t":1002,"e":"app-exited","app":"a","code":0,"signal":15,"oom":0}',
    '{"t":1002.1,"e":"app-waiting","app":"a"}',
  ];
  const [app] = scene(['a'], [...STARTED, ...asked]).status().apps;
  assert.deepEqual([app!.state, app!.reason, app!.signal, app!.lastExit?.signal], ['waiting', null, null, 15]);
  const ended = scene(['a'], [...STARTED, ...asked]);
  end(ended, '{"t":3000,"code":0,"signal":0}');
  assert.deepEqual([ended.status().apps[0]!.state, ended.status().apps[0]!.signal], ['exited', 15]);
});

test('only the code of an app that may end is the pod’s', () => {
  const codeOf = (restart: 'never' | 'on-failure' | 'always', more: readonly string[] = []): number | null => {
    const ended = scene(['a'], [...CRASHED.slice(0, 3), ...more], { apps: [{ name: 'a', image: IMAGE, restart }] });
    end(ended, '{"t":3000,"code":0,"signal":0}');
    return ended.status().exitCode;
  };
  assert.deepEqual([codeOf('never'), codeOf('on-failure'), codeOf('always')], [3, 0, 0]);
  const gaveUp = ['{"t":1002.1,"e":"app-given-up","app":"a","failures":5}'];
  assert.deepEqual([codeOf('on-failure', gaveUp), codeOf('always', gaveUp)], [3, 3]);
});

test('output that is lost and told nowhere else is in a place of the final record, which is no part of its word', () => {
  const { status, pod } = scene(['a', 'b'], [...STARTED, '{"t":1002,"e":"log-dropped","app":"b","lines":1,"bytes":2}']);
  const places = ['', '{"lines":3,"bytes":40}'].map((text) => `${text.padEnd(63)}\n`).join('');
  writeFileSync(join(pod.path, 'final'), `${'{}'.padEnd(511)}\n${places}`);
  assert.deepEqual(
    status().apps.map(({ logDropped }) => logDropped),
    [
      { lines: 0, bytes: 0 },
      { lines: 4, bytes: 42 },
    ],
  );
  writeFileSync(join(pod.path, 'final'), `{"t":1003,"code":0,"signal":0}`.padEnd(512) + places);
  assert.equal(readFinal(pod.path)?.t, 1003);
  closeSync(pod.lockFd);
});

test('a pause before a start takes as long as the pod was paused longer', () => {
  const events = [
    ...STARTED,
    '{"t":2000,"e":"app-backoff","app":"a","ms":500,"failures":1}',
    '{"t":2100,"e":"pod-paused"}',
    '{"t":5100,"e":"pod-resumed"}',
  ];
  const { status, pod } = scene(['a'], events);
  assert.equal(status().apps[0]?.nextStartAt, '1970-01-01T00:00:05.500Z');
  closeSync(pod.lockFd);
});

test('the digest of the manifest is that of its text, also when the pod moves before it is asked for', () => {
  const one = scene(['a'], []);
  writeFileSync(join(one.pod.path, 'manifest.yaml'), 'text');
  const before = one.status();
  end(one, '{"t":1,"code":0,"signal":0}');
  assert.equal(before.manifest!.digest, one.status().manifest!.digest);
});
