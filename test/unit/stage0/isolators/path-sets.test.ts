import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FULL_V2, lowered } from './table.ts';

const refused = (isolator: string, ...set: string[]): string[] =>
  lowered(FULL_V2, { app: { [`os/linux/${isolator}`]: { set } } });

test('a path that every process has for itself cannot be hidden from one app, or made read-only', () => {
  const own = ['/proc/self/status', '/proc/thread-self', '/proc/1/environ', '/proc/mounts', '/proc/net/tcp'];
  for (const path of own) {
    assert.deepEqual(refused('masked-paths', '/etc', path), ['manifest/schema /set/1'], path);
    assert.deepEqual(refused('readonly-paths', path), ['manifest/schema /set/0'], path);
  }
  for (const path of ['/proc/cpuinfo', '/proc/selfish', '/home/proc/self'])
    assert.deepEqual(refused('masked-paths', path), []);
});

test('a path is written as it is, and no app starts without /dev', () => {
  for (const path of ['/etc/../proc/self', '/.', '/..', '/dev'])
    assert.deepEqual(refused('masked-paths', path), ['manifest/schema /set/0'], path);
  assert.deepEqual(refused('masked-paths', '/etc/..data', '/dev/random'), []);
  assert.deepEqual(refused('readonly-paths', '/dev'), []);
});
