import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type PodError, PodErrors } from '../../../stages/stage0/index.ts';
import { SECURITY_MODULE_CHECKS } from '../../../stages/stage0/cli/doctor/security-modules.ts';
import type { Check } from '../checks.ts';
import { keepsStreams } from './labelled-streams.ts';
import { shell, toEnd } from './pods.ts';

type Json = Readonly<Record<string, unknown>>;

const ISOLATOR = 'os/linux/selinux-context';
const WITHOUT_NNP = { 'os/linux/no-new-privileges': false };

/** What a process is, what the policy denies to the domains of apps, and what it allows. */
const SCRIPT = [
  'cat /proc/self/attr/current',
  'echo',
  'echo x 2>/dev/null > /dev/shm/file || echo denied',
  'echo x > /file && echo written',
].join('; ');

function inContext(root: string, script: string, context: unknown, more: Json = {}): ReturnType<typeof shell> {
  return shell(root, script, { isolators: { [ISOLATOR]: context, ...more } });
}

async function isIn(root: string, shown: string, context: unknown, more: Json = {}): Promise<void> {
  await toEnd(inContext(root, SCRIPT, context, more), ({ output }) =>
    // The kernel ends a context with a NUL.
    assert.equal(output.replace('\0', ''), `${shown}\ndenied\nwritten`),
  );
}

async function fails(
  root: string,
  expected: readonly [RegExp, RegExp],
  context: unknown,
  more: Json = {},
): Promise<void> {
  await assert.rejects(inContext(root, 'true', context, more), (error) => {
    const [first] = error instanceof PodErrors ? error.errors : [error as PodError];
    assert.match(first!.message, expected[0]);
    assert.match(first!.hint ?? '', expected[1]);
    assert.ok(first!.at && first!.at.line > 1);
    return true;
  });
}

async function isEnforced(root: string): Promise<void> {
  const { status, detail } = await SECURITY_MODULE_CHECKS[0]!.run();
  assert.deepEqual(
    [status, detail],
    ['OK', 'SELinux enforces its policy, and pod runs as "system_u:system_r:host_t:s0"'],
  );
  await toEnd(shell(root, SCRIPT), ({ output }) =>
    assert.equal(output.replace('\0', ''), 'system_u:system_r:host_t:s0\nwritten'),
  );
}

async function runsInContext(root: string): Promise<void> {
  for (const type of ['app_t', 'bounded_t', 'unbounded_t']) {
    await isIn(root, `system_u:system_r:${type}:s0`, `system_u:system_r:${type}:s0`, WITHOUT_NNP);
  }
  for (const type of ['app_t', 'bounded_t']) {
    await isIn(root, `system_u:system_r:${type}:s0`, `system_u:system_r:${type}:s0`);
  }
}

async function takesParts(root: string): Promise<void> {
  await isIn(root, 'system_u:system_r:app_t:s0', { type: 'app_t' });
  await isIn(root, 'system_u:system_r:app_t:s0:c1,c3', {
    user: 'system_u',
    role: 'system_r',
    type: 'app_t',
    level: 's0:c1,c3',
  });
}

/** The kernel shows them in its own way. */
async function takesLevels(root: string): Promise<void> {
  await isIn(root, 'system_u:system_r:app_t:s0:c1,c3', 'system_u:system_r:app_t:s0:c3,c1');
  await isIn(root, 'system_u:system_r:app_t:s0:c0.c2', 'system_u:system_r:app_t:s0:c0,c1,c2');
  await isIn(root, 'system_u:system_r:app_t:s0', { type: 'app_t', level: 's0-s0' });
}

async function refusesUnknown(root: string): Promise<void> {
  const contexts = [
    { type: 'nowhere_t' },
    { type: 'app_t', user: 'nobody_u' },
    { type: 'app_t', role: 'nobody_r' },
    { type: 'app_t', level: 's0:c7' },
    'system_u:system_r:app_t',
  ];
  for (const context of contexts) {
    await fails(root, [/^run in SELinux context "\S+": invalid argument$/, /^the policy has no such/], context);
  }
}

async function explainsDenial(root: string): Promise<void> {
  const message = (errno: string): RegExp =>
    new RegExp(`^execute "/bin/sh", to run in SELinux context "\\S+": ${errno}$`);
  const denied = message('permission denied');
  await fails(root, [denied, /process transition/], { type: 'unreachable_t' }, WITHOUT_NNP);
  await fails(root, [denied, /entrypoint/], { type: 'no_entry_t' }, WITHOUT_NNP);
  await fails(root, [message('operation not permitted'), /nnp_transition nosuid_transition/], { type: 'unbounded_t' });
}

async function isSilent(root: string): Promise<void> {
  const ends = { silent_t: [3, ''], handless_t: [139, ''] };
  for (const [type, end] of Object.entries(ends)) {
    await toEnd(inContext(root, 'echo lost; exit 3', { type }, WITHOUT_NNP), ({ code, output }) =>
      assert.deepEqual([code, output], end),
    );
  }
}

async function isReadBack(root: string): Promise<void> {
  const pod = await inContext(root, 'exec sleep 1000', { type: 'app_t', level: 's0:c2' });
  try {
    const { inForce } = (await pod.resources())!.apps['app']!;
    assert.deepEqual(inForce[ISOLATOR], { context: 'system_u:system_r:app_t:s0:c2' });
    assert.equal(inForce['os/linux/apparmor-profile'], null);
    const { stdout } = await pod.exec(['/bin/sh', '-c', SCRIPT]);
    assert.equal(stdout.replace('\0', ''), 'system_u:system_r:app_t:s0:c2\ndenied\nwritten\n');
  } finally {
    await pod.remove();
  }
}

async function knowsPoliciesWithoutLevels(root: string): Promise<void> {
  const load = (name: string): void => writeFileSync('/sys/fs/selinux/load', readFileSync(`/etc/selinux/${name}`));
  load('plain');
  try {
    await isIn(root, 'system_u:system_r:app_t', { type: 'app_t' });
    await isIn(root, 'system_u:system_r:app_t', 'system_u:system_r:app_t');
    await fails(root, [/invalid argument$/, /this policy has no levels/], { type: 'app_t', level: 's0' });
  } finally {
    load('mls');
  }
}

export const SELINUX_CHECKS: readonly Check[] = [
  { name: 'a pod starts where SELinux enforces a policy', run: isEnforced },
  { name: 'an app runs in its SELinux context', run: runsInContext },
  { name: 'a context is given in parts', run: takesParts },
  { name: 'a level is written as one likes', run: takesLevels },
  { name: 'a context that the policy does not know fails the start at its line', run: refusesUnknown },
  {
    name: 'a context that the policy does not let the app enter fails the start, and the hint says why',
    run: explainsDenial,
  },
  { name: 'an app that may not use its streams is silent', run: isSilent },
  { name: 'status reads the context back, and exec runs in it', run: isReadBack },
  {
    name: 'a command’s streams are not lost to a context',
    run: (root) => keepsStreams(root, { [ISOLATOR]: { type: 'app_t' } }),
  },
  { name: 'a policy without levels takes contexts without levels', run: knowsPoliciesWithoutLevels },
];
