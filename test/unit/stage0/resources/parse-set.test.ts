import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { ISOLATORS } from '../../../../stages/stage0/isolators/registry.ts';
import { parseAssignment, parseSetting } from '../../../../stages/stage0/resources/parse-set.ts';

const APPS = ['web', 'side'];

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof PodError) return error.code;
    throw error;
  }
  return 'accepted';
}

test('a value is a number, a word of JSON, JSON, or text', () => {
  const values = ['512Mi', '1', '0.5', 'true', 'null', '[1]', '{"limit":1}', '"7"', '007', '{', 'a=b', ''];
  assert.deepEqual(
    values.map((value) => parseAssignment(`k=${value}`)[1]),
    ['512Mi', 1, 0.5, true, null, [1], { limit: 1 }, '7', '007', '{', 'a=b', ''],
  );
  assert.equal(
    codeOf(() => parseAssignment('k')),
    'cli/usage',
  );
});

test('a key names the pod or an app, an isolator, and where in its value', () => {
  const setting = (key: string): unknown[] => {
    const { app, isolator, path } = parseSetting(key, 1, APPS);
    return [app, isolator, path];
  };
  assert.deepEqual(setting('app/web/resource/memory.limit'), ['web', 'resource/memory', ['limit']]);
  assert.deepEqual(setting('pod/os/linux/cpu-shares'), [undefined, 'os/linux/cpu-shares', []]);
  assert.deepEqual(setting('app/side/resource/block-iops.disks.0.limit'), [
    'side',
    'resource/block-iops',
    ['disks', '0', 'limit'],
  ]);
});

const REFUSED: readonly (readonly [key: string, code: string])[] = [
  ['web/resource/memory.limit', 'cli/usage'],
  ['app/web', 'cli/usage'],
  ['pod/', 'cli/usage'],
  ['app/wob/resource/memory.limit', 'pod/app-not-found'],
  ['app/web/resource/memry.limit', 'manifest/unknown-field'],
  ['app/web/resource/network-bandwidth.limit', 'manifest/schema'],
  ['pod/resource/network-bandwidth.limit', 'pod/fixed'],
  ['app/web/os/linux/capabilities-retain-set.set', 'pod/fixed'],
  ['app/web/os/linux/rlimits.nofile', 'pod/fixed'],
];

for (const [key, code] of REFUSED) {
  test(`"${key}" is refused: ${code}`, () => {
    assert.equal(
      codeOf(() => parseSetting(key, 1, APPS)),
      code,
    );
  });
}

test('which isolators a running pod can have other values of', () => {
  const live = ISOLATORS.filter(({ fixed }) => fixed === undefined).map(({ name }) => name);
  assert.deepEqual(live.toSorted(), [
    'os/linux/cpu-shares',
    'os/linux/net-class',
    'os/linux/net-priority',
    'resource/block-bandwidth',
    'resource/block-iops',
    'resource/cpu',
    'resource/cpuset',
    'resource/hugetlb',
    'resource/io',
    'resource/memory',
    'resource/misc',
    'resource/pids',
    'resource/rdma',
  ]);
});
