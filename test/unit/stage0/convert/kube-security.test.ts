import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appOf, converted, podOf } from './convert-case.ts';

const RETAIN = 'os/linux/capabilities-retain-set';
const DEFAULTS =
  'CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP'.split(' ');

function caps(...names: string[]): { set: string[] } {
  return { set: names.map((name) => `CAP_${name}`) };
}

/** A container's fields, what its app has besides, and further fields of the pod's `spec`. */
const BECOMES: readonly (readonly [what: string, container: object, app: object, spec?: object])[] = [
  ['user and group', { securityContext: { runAsUser: 5, runAsGroup: 6 } }, { user: 5, group: 6 }],
  ['root', { securityContext: { runAsUser: 0 } }, { user: 0 }],
  ['not root, surely', { securityContext: { runAsUser: 5, runAsNonRoot: true } }, { user: 5 }],
  [
    'what the pod says of its containers',
    { securityContext: { runAsUser: 7 } },
    { user: 7, group: 6, supplementaryGids: [1, 2] },
    { securityContext: { runAsUser: 5, runAsGroup: 6, runAsNonRoot: true, supplementalGroups: [1, 2] } },
  ],
  ['read-only root', { securityContext: { readOnlyRootFilesystem: true } }, { readOnlyRootFS: true }],
  ['no escalation is the default', { securityContext: { allowPrivilegeEscalation: false } }, {}],
  [
    'escalation',
    { securityContext: { allowPrivilegeEscalation: true } },
    { isolators: { 'os/linux/no-new-privileges': false } },
  ],
  ['the default filter', { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }, {}],
  [
    'no filter',
    { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    { isolators: { 'os/linux/seccomp-retain-set': { set: ['@appc.io/all'] } } },
  ],
  [
    'a profile of AppArmor',
    { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } } },
    { isolators: { 'os/linux/apparmor-profile': 'p' } },
  ],
  [
    'a context of SELinux',
    { securityContext: { seLinuxOptions: { type: 't', level: 's0' } } },
    { isolators: { 'os/linux/selinux-context': { type: 't', level: 's0' } } },
  ],
  ['all dropped', { securityContext: { capabilities: { drop: ['ALL'] } } }, { isolators: { [RETAIN]: caps() } }],
  [
    'all dropped and some added',
    { securityContext: { capabilities: { drop: ['all'], add: ['NET_RAW', 'CAP_KILL'] } } },
    { isolators: { [RETAIN]: caps('NET_RAW', 'KILL') } },
  ],
  [
    'dropped goes before added',
    { securityContext: { capabilities: { drop: ['ALL', 'KILL'], add: ['KILL', 'CHOWN'] } } },
    { isolators: { [RETAIN]: caps('CHOWN') } },
  ],
  [
    'some dropped',
    { securityContext: { capabilities: { drop: ['KILL', 'NET_RAW'] } } },
    { isolators: { 'os/linux/capabilities-remove-set': caps('KILL') } },
  ],
  ['dropped without having it', { securityContext: { capabilities: { drop: ['NET_RAW', 'MKNOD'] } } }, {}],
  [
    'added for root',
    { securityContext: { runAsUser: 0, capabilities: { add: ['NET_ADMIN'], drop: ['KILL'] } } },
    { user: 0, isolators: { [RETAIN]: caps(...DEFAULTS.filter((name) => name !== 'KILL'), 'NET_ADMIN') } },
  ],
  [
    'added for another user, who has no others in Kubernetes',
    { securityContext: { runAsUser: 5, capabilities: { add: ['NET_ADMIN'] } } },
    { user: 5, isolators: { [RETAIN]: caps('NET_ADMIN') } },
  ],
];

for (const [what, container, app, spec] of BECOMES) {
  test(`of a security context: ${what}`, async () => {
    assert.deepEqual(await appOf(podOf(container, spec)), app);
  });
}

test('a list that adds for a user who is not known is converted with a warning', async () => {
  const { warnings } = await converted(podOf({ securityContext: { capabilities: { add: ['NET_ADMIN'] } } }));
  assert.deepEqual(warnings, ['spec.containers[0].securityContext.capabilities']);
});
