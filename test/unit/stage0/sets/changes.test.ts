import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChangesInput, planChanges } from '../../../../stages/stage0/sets/changes.ts';
import type { InventoryPod } from '../../../../stages/stage0/sets/inventory.ts';
import type { Life } from '../../../../stages/stage0/sets/life.ts';
import type { DesiredPod } from '../../../../stages/stage0/sets/types.ts';

const ROLLOUT = { dependsOn: [], strategy: 'replace', mayBePruned: true } as const;
const CONTENTS = { images: {}, files: {} };

function desired(name: string, digest = 'd'): DesiredPod {
  const at = { file: 'x', line: 1, col: 1 };
  return {
    name,
    digest,
    file: `${name}.yaml`,
    path: name,
    baseDir: '/',
    text: '',
    contents: CONTENTS,
    images: [],
    rollout: ROLLOUT,
    joins: undefined,
    at,
  };
}

function has(uuid: string, digest = 'd', more: Partial<InventoryPod> = {}, mayBePruned = true): InventoryPod {
  const rollout = { ...ROLLOUT, mayBePruned };
  return { current: { uuid, digest, text: 't', file: 'x', baseDir: '/', contents: CONTENTS, rollout }, ...more };
}

const LIVES: Readonly<Record<string, Life>> = {
  alive: { kind: 'alive' },
  dead: { kind: 'ended', isCompleted: false, why: 'it exited with 1' },
  done: { kind: 'ended', isCompleted: true, why: 'it exited with 0' },
  gone: { kind: 'missing' },
};

function plan(input: Partial<ChangesInput>): string[] {
  const all = {
    desired: [],
    pods: {},
    lifeOf: (uuid: string) => LIVES[uuid]!,
    isPruned: () => false,
    drifted: new Set<string>(),
    ...input,
  };
  return planChanges(all).map(({ name, action, reason }) => `${name} ${action}: ${reason}`);
}

test('what is new is created, what is as it should be is let be', () => {
  const pods = { b: has('alive') };
  assert.deepEqual(plan({ desired: [desired('a'), desired('b')], pods }), ['a create: new', 'b unchanged: runs']);
});

test('of one that is broken, and was not to be started as it was either, the pod stays', () => {
  const broken = { ...desired('a', 'other'), standIn: 'keep' } as const;
  assert.deepEqual(plan({ desired: [broken], pods: { a: has('dead') }, isPruned: () => true }), [
    'a keep: its manifest is broken',
  ]);
});

test('what died is restarted, what has done its work is not, also when nothing of it is left', () => {
  const pods = { a: has('dead'), b: has('done'), c: has('gone'), d: has('gone', 'd', { isCompleted: true }) };
  assert.deepEqual(plan({ desired: ['a', 'b', 'c', 'd'].map((name) => desired(name)), pods }), [
    'a restart: it exited with 1',
    'b unchanged: completed',
    'c create: it was removed',
    'd unchanged: completed',
  ]);
});

test('what is wanted otherwise is replaced, or made anew when it does not run', () => {
  const pods = { a: has('alive', 'old'), b: has('done', 'old') };
  assert.deepEqual(plan({ desired: [desired('a'), desired('b')], pods }), ['a replace: changed', 'b create: changed']);
});

test('what is forced is replaced though nothing changed', () => {
  const pods = { a: has('alive'), b: has('done'), c: has('alive') };
  const isForced = (name: string): boolean => name !== 'c';
  assert.deepEqual(plan({ desired: ['a', 'b', 'c'].map((name) => desired(name)), pods, isForced }), [
    'a replace: requested',
    'b restart: requested',
    'c unchanged: runs',
  ]);
});

test('what the folder has no more goes only when asked for, never against its own word', () => {
  const pods = { a: has('alive'), b: has('alive', 'd', {}, false) };
  assert.deepEqual(plan({ pods }), ['a keep: not in the folder; --prune removes it', 'b keep: pod/prune: disabled']);
  assert.deepEqual(plan({ pods, isPruned: () => true }), ['a prune: not in the folder', 'b keep: pod/prune: disabled']);
});

test('a pod whose limits somebody changed is replaced', () => {
  const pods = { a: has('alive'), b: has('done') };
  const drifted = new Set(['a', 'b']);
  assert.deepEqual(plan({ desired: [desired('a'), desired('b')], pods, drifted }), [
    'a replace: pod update changed it',
    'b unchanged: completed',
  ]);
});

test('a name of Object.prototype is a name like any other', () => {
  assert.deepEqual(plan({ desired: [desired('constructor')] }), ['constructor create: new']);
});
