import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FULL_V2, lowered } from './table.ts';

type Isolators = Readonly<Record<string, unknown>>;

const ofApp = (isolators: Isolators): string[] => lowered(FULL_V2, { app: isolators });
const ofPod = (isolators: Isolators): string[] => lowered(FULL_V2, { pod: isolators });

test('one thing limited twice is refused, whatever the names it has', () => {
  assert.deepEqual(ofPod({ 'os/linux/sysctl': { 'kernel.shmmni': 111 }, 'os/unix/sysctl': { 'kernel.shmmni': 222 } }), [
    'manifest/duplicate /kernel.shmmni',
  ]);
  assert.deepEqual(ofApp({ 'resource/hugetlb': { '2Mi': '64Mi', '2048Ki': '4Mi' } }), ['manifest/duplicate /2048Ki']);
  const disks = [
    { path: '/srv/db', read: '1M' },
    { path: '/srv/db', write: '1M' },
    { path: '/srv/db', write: '2M' },
  ];
  assert.deepEqual(ofApp({ 'resource/block-bandwidth': { disks } }), ['manifest/duplicate /disks/2']);
});

test('settings that this kernel does not have are refused, all at once', () => {
  const sysctls = { 'net.core.somaxcon': 1, 'net.core.somaxconn': 1, 'net.none.x': 1, 'net.netfilter.nf_later': 1 };
  assert.deepEqual(ofPod({ 'os/linux/sysctl': sysctls }), [
    'host/unsupported /net.core.somaxcon',
    'host/unsupported /net.none.x',
  ]);
});

test('a limit of nothing is refused', () => {
  assert.deepEqual(ofApp({ 'resource/block-iops': { default: true } }), ['manifest/schema']);
});

test('everything that is wrong with one isolator is told at once', () => {
  const set = ['CAP_X', 'CAP_CHOWN', 'CAP_Y'];
  assert.deepEqual(ofApp({ 'os/linux/capabilities-retain-set': { set } }), [
    'manifest/schema /set/0',
    'manifest/schema /set/2',
  ]);
  assert.deepEqual(ofApp({ 'os/linux/seccomp-retain-set': { set: ['opne', 'read', 'raed'] } }), [
    'manifest/schema /set/0',
    'manifest/schema /set/2',
  ]);
  const scheduler = { policy: 'batch', priority: 3, io: { class: 'idle', level: 3 } };
  assert.deepEqual(ofApp({ 'os/linux/scheduler': scheduler }), [
    'manifest/schema /io/level',
    'manifest/schema /priority',
  ]);
  const time = { monotonic: '999999h', boottime: '-999999h' };
  assert.deepEqual(ofPod({ 'os/linux/namespaces': { time } }), [
    'manifest/schema /time/boottime',
    'manifest/schema /time/monotonic',
  ]);
  assert.deepEqual(ofApp({ 'os/linux/devices': { allow: [{ path: '/dev/nothing' }, { major: 10 }] } }), [
    'host/unsupported /allow/0/path',
    'manifest/schema /allow/1',
  ]);
});
