import { APPARMOR_PROFILE } from '../../isolators/apparmor-profile.ts';
import { NO_NEW_PRIVILEGES } from '../../isolators/no-new-privileges.ts';
import { SECCOMP_PROFILE } from '../../isolators/seccomp-profile.ts';
import { SECCOMP_RETAIN_SET } from '../../isolators/seccomp-retain-set.ts';
import { SELINUX_CONTEXT } from '../../isolators/selinux-context.ts';
import { SYSCTL } from '../../isolators/sysctl.ts';
import type { Findings } from '../findings.ts';
import { type Fields, holds, type Rule, walk, walkFields } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { convertCapabilities } from './capabilities.ts';
import { LOST_OF_POD_SECURITY, LOST_OF_SECURITY } from './lost.ts';
import type { KubeContainer, KubePod } from './pod-state.ts';

interface Profile {
  type?: Node;
  localhostProfile?: Node;
}

const PROFILE: Fields<Profile> = {
  type: (node, to) => void (to.type = node),
  localhostProfile: (node, to) => void (to.localhostProfile = node),
};

function readProfile(from: Node, findings: Findings): Profile {
  const profile: Profile = {};
  walk(from, PROFILE, profile, findings);
  return profile;
}

/** `RuntimeDefault` is what an app has that says nothing. */
const SECCOMP: Rule<KubeContainer> = (node, { app }, findings) => {
  const { type } = readProfile(node, findings);
  if (type?.value === 'Unconfined')
    app.map('isolators', node).map(SECCOMP_RETAIN_SET.name, type).set('set', ['@appc.io/all'], type);
  else if (type && type.value !== 'RuntimeDefault')
    findings.lose(type, `paste the content of the profile into the isolator ${SECCOMP_PROFILE.name}`);
};

const APPARMOR: Rule<KubeContainer> = (node, { app }, findings) => {
  const { type, localhostProfile } = readProfile(node, findings);
  if (type?.value === 'Unconfined') app.map('isolators', node).set(APPARMOR_PROFILE.name, 'unconfined', type);
  else if (type?.value === 'Localhost' && localhostProfile)
    app.map('isolators', node).maybe(APPARMOR_PROFILE.name, findings.text(localhostProfile), localhostProfile);
  else if (type) findings.lose(type, 'name a profile that is loaded on this host');
};

const LABEL: Fields<Target> = Object.fromEntries(
  ['user', 'role', 'type', 'level'].map((part): [string, Rule<Target>] => [
    part,
    (node, label, findings) => label.maybe(part, findings.text(node), node),
  ]),
);

const SELINUX: Rule<KubeContainer> = (node, { app }, findings) => {
  if (node.field('type')) walk(node, LABEL, app.map('isolators', node).map(SELINUX_CONTEXT.name, node), findings);
  else if (!node.isEmpty)
    findings.lose(node, 'write the type too', 'a context without a type has no counterpart in pod/v1');
};

const ID_FIELDS = { runAsUser: 'user', runAsGroup: 'group' } as const;

function id(field: keyof typeof ID_FIELDS): Rule<KubeContainer> {
  return (node, { app }, findings) => app.maybe(ID_FIELDS[field], findings.whole(node), node);
}

/** Those that a pod may set for all its containers. */
const SHARED: Fields<KubeContainer> = {
  runAsUser: id('runAsUser'),
  runAsGroup: id('runAsGroup'),
  runAsNonRoot: (node, { app }, findings) => {
    const isSure = typeof app.value['user'] === 'number' && app.value['user'] !== 0;
    if (findings.flag(node) === true && !isSure)
      findings.lose(node, 'pod does not look at the user of the image: write runAsUser');
  },
  seccompProfile: SECCOMP,
  appArmorProfile: APPARMOR,
  seLinuxOptions: SELINUX,
};

const OF_CONTAINER: Fields<KubeContainer> = {
  ...SHARED,
  privileged: (node, _to, findings) => {
    if (findings.flag(node) === true)
      findings.refuse(node, 'write the capabilities and devices that the program needs, as isolators');
  },
  readOnlyRootFilesystem: (node, { app }, findings) => {
    if (findings.flag(node) === true) app.set('readOnlyRootFS', true, node);
  },
  allowPrivilegeEscalation: (node, { app }, findings) => {
    if (findings.flag(node) === true) app.map('isolators', node).set(NO_NEW_PRIVILEGES.name, false, node);
  },
  capabilities: convertCapabilities,
  procMount: holds(['Default'], 'what Kubernetes masks is masked in every pod: remove it'),
  ...LOST_OF_SECURITY,
};

/** `own`: the container's, which goes before the pod's, field by field. */
export function convertSecurity(own: Node | undefined, container: KubeContainer, findings: Findings): void {
  const inherited = [...container.in.inherited].filter(([name]) => !own?.field(name));
  walkFields(new Map([...inherited, ...findings.fields(own)]), OF_CONTAINER, container, findings);
  const { supplementalGroups } = container.in;
  if (!supplementalGroups) return;
  const groups = findings.items(supplementalGroups).flatMap((group) => findings.whole(group) ?? []);
  container.app.set('supplementaryGids', groups, supplementalGroups);
}

function inherit(name: string): Rule<KubePod> {
  return (node, pod) => void pod.inherited.set(name, node);
}

const OF_POD: Fields<KubePod> = {
  ...Object.fromEntries(Object.keys(SHARED).map((name) => [name, inherit(name)])),
  supplementalGroups: (node, pod) => {
    if (!node.isEmpty) pod.supplementalGroups = node;
  },
  supplementalGroupsPolicy: holds(['Merge'], 'pod has no such choice: remove it'),
  sysctls: (node, { pod }, findings) => {
    for (const item of findings.items(node)) {
      const sysctl: { name?: Node; value?: Node } = {};
      walk(
        item,
        { name: (name, to) => void (to.name = name), value: (value, to) => void (to.value = value) },
        sysctl,
        findings,
      );
      const name = findings.text(sysctl.name);
      const value = findings.text(sysctl.value);
      if (name !== undefined && value !== undefined)
        pod.map('isolators', node).map(SYSCTL.name, node).set(name.replaceAll('/', '.'), value, sysctl.value!);
    }
  },
  ...LOST_OF_POD_SECURITY,
};

export const convertPodSecurity: Rule<KubePod> = (node, pod, findings) => walk(node, OF_POD, pod, findings);
