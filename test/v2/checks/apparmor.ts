import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type PodError, PodErrors } from '../../../stages/stage0/index.ts';
import { SECURITY_MODULE_CHECKS } from '../../../stages/stage0/cli/doctor/security-modules.ts';
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

/** For whoever starts pods. */
const HOST_PROFILE = `profile pod-host flags=(attach_disconnected) {
  file,
  capability,
  network,
  mount,
  umount,
  pivot_root,
  signal,
  ptrace,
  unix,
  change_profile -> pod-check,
  change_profile -> unconfined,
}
`;
const OTHER = 'profile pod-other {\n}\n';

/** No grep and no head in the guest. */
const SCRIPT = [
  'cat /proc/self/attr/apparmor/current',
  'echo x 2>/dev/null > /secret || echo denied',
  'echo x > /other && echo written',
].join('; ');

function loadProfile(text = PROFILE): void {
  writeFileSync('/run/pod-check', text);
  execFileSync('apparmor_parser', ['--replace', '--skip-cache', '/run/pod-check'], { stdio: 'pipe' });
}

async function runsUnderProfile(root: string): Promise<void> {
  loadProfile();
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

async function isReadBack(root: string): Promise<void> {
  const { detail } = await SECURITY_MODULE_CHECKS[0]!.run();
  assert.equal(detail, 'AppArmor is active, and pod runs as "unconfined"');
  loadProfile();
  const pod = await shell(root, 'exec sleep 1000', { isolators: { 'os/linux/apparmor-profile': 'pod-check' } });
  try {
    const { inForce } = (await pod.resources())!.apps['app']!;
    assert.deepEqual(inForce['os/linux/apparmor-profile'], { profile: 'pod-check (enforce)' });
    assert.equal(inForce['os/linux/selinux-context'], null);
    const { stdout } = await pod.exec(['/bin/sh', '-c', SCRIPT]);
    assert.equal(stdout, 'pod-check (enforce)\ndenied\nwritten\n');
  } finally {
    await pod.remove();
  }
}

async function fails(root: string, profile: string, [message, hint]: readonly [RegExp, RegExp]): Promise<void> {
  const starting = shell(root, 'true', { isolators: { 'os/linux/apparmor-profile': profile } });
  await assert.rejects(starting, (error) => {
    const [first] = error instanceof PodErrors ? error.errors : [error as PodError];
    assert.match(first!.message, message);
    assert.match(first!.hint ?? '', hint);
    assert.ok(first!.at && first!.at.line > 1);
    return true;
  });
}

async function refusesUnknown(root: string): Promise<void> {
  const message = /^run under AppArmor profile "nowhere": no such file/;
  await fails(root, 'nowhere', [message, /^no such profile is loaded/]);
}

/** The label is that of this thread, and of what it starts. */
async function startsFromProfile(root: string): Promise<void> {
  loadProfile();
  loadProfile(OTHER);
  loadProfile(HOST_PROFILE);
  writeFileSync('/proc/thread-self/attr/apparmor/current', 'changeprofile pod-host');
  try {
    await toEnd(shell(root, SCRIPT), ({ output }) => assert.equal(output, 'pod-host (enforce)\nwritten'));
    const isolators = { 'os/linux/apparmor-profile': 'pod-check' };
    await toEnd(
      shell(root, SCRIPT, { isolators: { ...isolators, 'os/linux/no-new-privileges': false } }),
      ({ output }) => assert.equal(output, 'pod-check (enforce)\ndenied\nwritten'),
    );
    await fails(root, 'pod-check', [/: operation not permitted$/, /^pod itself runs under a profile/]);
    await fails(root, 'pod-other', [/: permission denied$/, /change_profile/]);
  } finally {
    writeFileSync('/proc/thread-self/attr/apparmor/current', 'changeprofile unconfined');
  }
}

export const APPARMOR_CHECKS: readonly Check[] = [
  { name: 'an app runs under its AppArmor profile', run: runsUnderProfile },
  { name: 'status reads the profile back, and exec runs under it', run: isReadBack },
  { name: 'pods start where pod itself runs under a profile', run: startsFromProfile },
  { name: 'a profile that is not loaded fails the start at its line', run: refusesUnknown },
];
