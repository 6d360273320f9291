import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writesForApps } from '../../../../stages/stage0/isolators/apps-together.ts';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import type { HostFacts } from '../../../../stages/stage0/plan/facts.ts';
import { spec } from './host.ts';
import { FULL_V1, FULL_V2 } from './table.ts';

type Values = Readonly<Record<string, unknown>>;

/** What the pod asks for on behalf of these apps, as `FILE=VALUE`. */
function together(host: HostFacts, pod: Values, ...apps: readonly Values[]): string[] {
  const [own, ...drafts] = [pod, ...apps].map((values, index) => {
    const specs = Object.entries(values).map(([name, value]) => spec(name, value));
    const { draft, errors } = lowerIsolators(specs, index === 0 ? 'pod' : 'app', host);
    assert.deepEqual(errors, []);
    return draft;
  });
  return writesForApps(own!, drafts).map(({ file, value }) => `${file}=${value}`);
}

const cpu = (request: string): Values => ({ 'resource/cpu': { request } });
const memory = (request: string, min?: string): Values => ({ 'resource/memory': { request, ...(min && { min }) } });
const MIB = 1 << 20;

test('a pod whose apps ask for nothing asks for nothing', () => {
  assert.deepEqual(together(FULL_V2, {}, {}, { 'resource/memory': { limit: '64Mi' } }), []);
});

test('a pod has the shares of all its apps, with those that ask for nothing', () => {
  assert.deepEqual(together(FULL_V1, {}, cpu('250m'), cpu('2'), {}), ['cpu.shares=3328']);
  assert.deepEqual(together(FULL_V2, {}, cpu('250m'), cpu('2'), {}), ['cpu.weight=325']);
});

test('a pod protects as much memory as its apps together', () => {
  assert.deepEqual(together(FULL_V2, {}, memory('8Mi', '2Mi'), memory('4Mi'), {}), [
    `memory.low=${12 * MIB}`,
    `memory.min=${2 * MIB}`,
  ]);
  // Version 1 has a soft limit for each, whatever the parent's.
  assert.deepEqual(together(FULL_V1, {}, memory('8Mi'), memory('4Mi')), []);
});

test('a clamp is that of the app that asks for most', () => {
  const clamp = (uclampMin: number): Values => ({ 'resource/cpu': { uclampMin } });
  assert.deepEqual(together(FULL_V2, {}, clamp(10), clamp(40), {}), ['cpu.uclamp.min=40']);
});

test('what a pod says itself is what it gets', () => {
  assert.deepEqual(together(FULL_V2, { ...cpu('500m'), ...memory('1Mi') }, { ...cpu('2'), ...memory('8Mi') }), []);
});

test('a sum is never more than the kernel takes', () => {
  assert.deepEqual(together(FULL_V2, {}, cpu('80'), cpu('80')), ['cpu.weight=10000']);
});

test('disks are shared by the weights of apps', () => {
  const io: Values = { 'resource/io': { weight: 200 } };
  assert.deepEqual(together(FULL_V2, {}, io, {}), ['io.weight=300', 'io.bfq.weight=209']);
  assert.deepEqual(together(FULL_V1, {}, io), ['blkio.bfq.weight=109']);
});
