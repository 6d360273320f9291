import { APPARMOR_PROFILE } from '../../isolators/apparmor-profile.ts';
import { CAPABILITIES_REMOVE_SET } from '../../isolators/capabilities-remove-set.ts';
import { CAPABILITIES_RETAIN_SET } from '../../isolators/capabilities-retain-set.ts';
import { CPU } from '../../isolators/cpu.ts';
import { EPHEMERAL_STORAGE } from '../../isolators/ephemeral-storage.ts';
import { HUGETLB } from '../../isolators/hugetlb.ts';
import { MEMORY } from '../../isolators/memory.ts';
import { NAMESPACES } from '../../isolators/namespaces.ts';
import { NO_NEW_PRIVILEGES } from '../../isolators/no-new-privileges.ts';
import { SECCOMP_RETAIN_SET } from '../../isolators/seccomp-retain-set.ts';
import { SELINUX_CONTEXT } from '../../isolators/selinux-context.ts';
import { SYSCTL, UNIX_SYSCTL } from '../../isolators/sysctl.ts';
import type { Findings } from '../findings.ts';
import { type Fields, holds, type Rule, taken, walk, walkFields } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import type { KubeContainer, KubePod } from './kube-pod.ts';

const NODE = 'it is a setting of the node, or there is none: remove it';
/** What runtimes of Kubernetes give and pod does not, of which an app without a list of its own has nothing. */
const NOT_OURS = ['AUDIT_WRITE', 'MKNOD', 'NET_RAW'];

function amount(kind: 'limits' | 'requests', resource: string): Rule<KubeContainer> {
  return (node, { out }) => {
    const list = out.map('resources', node).map(kind, node);
    list.set(resource, node.value, node);
  };
}

/** Members that have no counterpart are in no table, and are reported as such. */
function resource(name: string): Rule<KubeContainer> {
  const fields: Fields<KubeContainer> = {
    request: amount('requests', name),
    limit: amount('limits', name),
    default: taken,
    ...Object.fromEntries(
      ['burst', 'uclampMin', 'uclampMax', 'high', 'min', 'swap', 'zswap', 'oomGroup'].map((member) => [member, NODE]),
    ),
  };
  return (node, container, findings) => walk(node, fields, container, findings);
}

function security({ out }: KubeContainer, from: Node): Target {
  return out.map('securityContext', from);
}

function shortNames(node: Node): string[] {
  return (node.field('set')!.value as string[]).map((name) => name.replace(/^CAP_/, ''));
}

const SECCOMP: Rule<KubeContainer> = (node, container, findings) => {
  const { value } = node.field('set')!;
  if (JSON.stringify(value) === '["@appc.io/all"]')
    security(container, node).map('seccompProfile', node).set('type', 'Unconfined', node);
  else findings.lose(node, 'put a profile on the node, and name it in seccompProfile');
};

/** An isolator that is in no table has no counterpart. */
const OF_APP: Fields<KubeContainer> = {
  [CPU.name]: resource('cpu'),
  [MEMORY.name]: resource('memory'),
  // Behind those that it needs.
  [HUGETLB.name]: (node, container, findings) => {
    if (!container.out.has('resources')) {
      findings.lose(node, 'add a limit of cpu or memory: Kubernetes takes huge pages only with one');
      return;
    }
    for (const [size, limit] of node.fields) amount('limits', `hugepages-${size}`)(limit, container, findings);
  },
  [EPHEMERAL_STORAGE.name]: resource('ephemeral-storage'),
  [NO_NEW_PRIVILEGES.name]: (node, container) =>
    security(container, node).set('allowPrivilegeEscalation', node.value !== true, node),
  [CAPABILITIES_RETAIN_SET.name]: (node, container) => {
    const names = shortNames(node);
    const capabilities = security(container, node).map('capabilities', node);
    capabilities.set('drop', ['ALL'], node);
    if (names.length > 0) capabilities.set('add', names, node);
  },
  [CAPABILITIES_REMOVE_SET.name]: (node, container) => {
    const dropped = [...new Set([...shortNames(node), ...NOT_OURS])];
    security(container, node).map('capabilities', node).set('drop', dropped, node);
  },
  [SECCOMP_RETAIN_SET.name]: SECCOMP,
  [APPARMOR_PROFILE.name]: (node, container) => {
    const profile = security(container, node).map('appArmorProfile', node);
    const isNone = node.value === 'unconfined';
    profile.set('type', isNone ? 'Unconfined' : 'Localhost', node);
    if (!isNone) profile.set('localhostProfile', node.value, node);
  },
  [SELINUX_CONTEXT.name]: (node, container, findings) => {
    if (!node.isMap) findings.lose(node, 'write its parts: {type: …, level: …}');
    else
      for (const [part, value] of node.fields)
        security(container, node).map('seLinuxOptions', node).set(part, value.value, value);
  },
};

/** What every app has that says nothing else. */
export function writeAppIsolators(container: KubeContainer, findings: Findings): void {
  const { from } = container;
  const given = isolatorsIn(from);
  const context = security(container, from);
  context.set('allowPrivilegeEscalation', false, from);
  context.map('capabilities', from).set('drop', NOT_OURS, from);
  apply(given, OF_APP, container, findings, NOT_OF_APPS);
}

const SHARED = 'Kubernetes shares it with the host or with no one: see hostNetwork, hostIPC';

const NAMESPACE_FIELDS: Fields<KubePod> = {
  pid: taken,
  ipc: holds(['private'], SHARED),
  uts: holds(['private'], SHARED),
  time: 'Kubernetes has no clocks of a pod: remove it',
};

const writeSysctls: Rule<KubePod> = (node, { out }) => {
  for (const [name, value] of node.fields) {
    const sysctl = out.map('securityContext', node).add('sysctls', value);
    sysctl.set('name', name, value);
    sysctl.set('value', String(value.value as string | number), value);
  }
};

const OF_POD: Fields<KubePod> = {
  [SYSCTL.name]: writeSysctls,
  [UNIX_SYSCTL.name]: writeSysctls,
  [NAMESPACES.name]: (node, pod, findings) => walk(node, NAMESPACE_FIELDS, pod, findings),
};

export function writePodIsolators(pod: KubePod, findings: Findings): void {
  apply(isolatorsIn(pod.from), OF_POD, pod, findings, NOT_OF_PODS);
}

/** Whether each app has processes of its own, if the pod says so. */
export function ownPids(from: Node): boolean | undefined {
  const pid = isolatorsIn(from).get(NAMESPACES.name)?.field('pid')?.value;
  return pid === undefined ? undefined : pid === 'app';
}

const NOT_OF_APPS = 'Kubernetes has nothing of the kind for a container: remove it';
const NOT_OF_PODS = 'Kubernetes has nothing of the kind for a pod: write it for the apps, or remove it';

function apply<To>(
  given: ReadonlyMap<string, Node>,
  table: Fields<To>,
  to: To,
  findings: Findings,
  hint: string,
): void {
  const others = [...given.keys()].filter((name) => !Object.hasOwn(table, name)).map((name) => [name, hint] as const);
  walkFields(given, { ...table, ...Object.fromEntries(others) }, to, findings);
}

/** Values by name; a manifest may have them in appc's list. */
function isolatorsIn(from: Node): ReadonlyMap<string, Node> {
  const node = from.field('isolators');
  if (!node || node.isMap) return node?.fields ?? new Map();
  return new Map(node.items.map((item) => [String(item.field('name')?.value), item.field('value') ?? item]));
}
