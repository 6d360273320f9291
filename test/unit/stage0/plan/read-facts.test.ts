import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { countCpus, parseEffective, readHostFacts } from '../../../../stages/stage0/plan/read-facts.ts';

test('the effective set is read from the status file', () => {
  assert.equal(parseEffective('CapPrm:\t0000000000000001\nCapEff:\t000001fffeffffff\nCapBnd:\t0\n'), 0x1ff_feff_ffffn);
  assert.throws(() => parseEffective('Name:\tnode\n'));
});

test('facts of this host are plausible, whoever asks', () => {
  const facts = readHostFacts();
  assert.ok(facts.lastCapability >= 40);
  assert.equal(facts.euid, process.geteuid!());
  assert.ok(facts.kernelPaths.has('/proc/sys') && !facts.kernelPaths.has('/proc/no-such-thing'));
  assert.ok(facts.cpus > 0 && /^\d+\.\d+/.test(facts.kernelRelease));
});

test('the processors are counted as the kernel allows them', () => {
  const count = (mask: string): number => countCpus(`Name:\tx\nCpus_allowed:\t${mask}\nCpus_allowed_list:\t0\n`);
  assert.deepEqual(['3', 'f', '1', 'ffffffff,ffffffff', '80000000,00000001'].map(count), [2, 4, 1, 64, 2]);
  assert.equal(countCpus(readFileSync('/proc/self/status', 'utf8')), availableParallelism());
});
