import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type PodError, PodErrors } from '../../../stages/stage0/index.ts';
import type { Check } from '../checks.ts';
import { shell, toEnd } from './pods.ts';

const PROFILE = `profile pod-check flags=(attach_disconnected) {
  file,
  capability,
  network,
  signal,
  deny /secret w,
}
`;

/** No grep and no head in the guest. */
const SCRIPT = [
  'cat /proc/self/attr/apparmor/current',
  'echo x 2>/dev/null > /secret || echo denied',
  'echo x > /other && echo written',
].join('; ');

async function runsUnderProfile(root: string): Promise<void> {
  writeFileSync('/run/pod-check', PROFILE);
  execFileSync('apparmor_parser', ['--replace', '--skip-cache', '/run/pod-check'], { stdio: 'pipe' });
  const isolators = { 'os/linux/apparmor-profile': 'pod-check' };
  for (const more of [{}, { 'os/linux/no-new-privileges': false }]) {
    await toEnd(shell(root, SCRIPT, { isolators: { ...isolators, ...more } }), ({ output }) =>
      assert.equal(output, 'pod-check (enforce)\ndenied\nwritten'),
    );
  }
  await toEnd(shell(root, SCRIPT, { isolators: { 'os/linux/apparmor-profile': 'unconfined' } }), ({ output }) =>
    assert.equal(output, 'unconfined\nwritten'),
  );
}

async function refusesUnknown(root: string): Promise<void> {
  const starting = shell(root, 'true', { isolators: { 'os/linux/apparmor-profile': 'nowhere' } });
  await assert.rejects(starting, (error) => {
    const [first] = error instanceof PodErrors ? error.errors : [error as PodError];
    assert.match(first!.message, /run under AppArmor profile "nowhere": no such file/);
    assert.ok(first!.at && first!.at.line > 1);
    return true;
  });
}

export const APPARMOR_CHECKS: readonly Check[] = [
  { name: 'an app runs under its AppArmor profile', run: runsUnderProfile },
  { name: 'a profile that is not loaded fails the start at its line', run: refusesUnknown },
];
