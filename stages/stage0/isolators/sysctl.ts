import { mapAll, PodError } from '../error.ts';
import type { Look } from '../plan/facts.ts';
import { findingOf } from './finding.ts';
import { IN_THE_POD } from './fixed.ts';
import { unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

type SysctlValue = Readonly<Record<string, string | number>>;

/** sysctl(8) settings that belong to a namespace of the pod's, as runc and crun let through; all others are the host's. */
const NAMESPACED =
  /^(net\.[a-z0-9_-]+\..+|net\.[a-z0-9_-]+|kernel\.(shm(all|max|mni|_rmid_forced)|msg(max|mnb|mni)|sem|domainname)|fs\.mqueue\..+|user\.max_[a-z_]+)$/;
/** What the network name space of a pod gets of its own at `conf/INTERFACE` exists only after its links do. */
const OF_ONE_INTERFACE = /^net\.ipv[46]\.(conf|neigh)\.(?!all\.|default\.|lo\.)/;

function lower(value: SysctlValue, draft: Draft, context: IsolatorContext): void {
  mapAll(Object.entries(value), ([name, text]) => {
    const at = context.atOf(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    refuse(name, context, at);
    refuseShared(name, draft, context, at);
    refuseAbsent(name, context, at);
    refuseOther(name, String(text), draft, at);
    draft.sysctls.push({ value: { name, text: String(text) }, at });
  });
}

/** It has two isolators, appc's and ours. */
function refuseOther(name: string, text: string, { sysctls }: Draft, at: IsolatorContext['at']): void {
  const other = sysctls.find(({ value }) => value.name === name && value.text !== text);
  if (!other) return;
  throw new PodError(
    'manifest/duplicate',
    `set sysctl "${name}" to "${text}": it is set to "${other.value.text}" too`,
    {
      at,
      hint: `the other one is on line ${other.at.line}`,
    },
  );
}

function refuse(name: string, context: IsolatorContext, at: IsolatorContext['at']): void {
  if (!NAMESPACED.test(name) || name.includes('..')) {
    const hint =
      name === 'kernel.hostname'
        ? 'write the field "hostname" instead'
        : 'a pod can set net.*, kernel.shm*, kernel.msg*, kernel.sem, kernel.domainname, fs.mqueue.* and user.max_*';
    throw new PodError('manifest/schema', `set sysctl "${name}": it is the host's, not a namespace's`, { at, hint });
  }
  if (OF_ONE_INTERFACE.test(name)) {
    throw new PodError('manifest/schema', `set sysctl "${name}": the pod's links do not exist yet when it is set`, {
      at,
      hint: 'set it for "default", which new links inherit, or for "all"',
    });
  }
}

/** The bridge of the first pod loads modules that bring these, after the host was looked at. */
const OF_A_MODULE = /^net\.(netfilter\.|bridge\.|nf_)/;

function directoryOf(name: string): string {
  return `/proc/sys/${name.split('.').slice(0, -1).join('/')}`;
}

function look(value: SysctlValue): Look[] {
  return Object.keys(value).map((name) => `names ${directoryOf(name)}` as const);
}

/** A namespace of a pod has no setting that those of the host do not have. */
function refuseAbsent(name: string, { host }: IsolatorContext, at: IsolatorContext['at']): void {
  const last = name.slice(name.lastIndexOf('.') + 1);
  if (OF_A_MODULE.test(name) || findingOf(host, 'names', directoryOf(name))?.includes(last)) return;
  throw new PodError('host/unsupported', `set sysctl "${name}": this kernel has no such setting`, {
    at,
    hint: 'a setting that belongs to a module is there once the module is loaded on the host',
  });
}

/** Whose setting it is of those that a pod can have. */
export function sysctlNamespace(name: string): 'net' | 'ipc' | 'uts' | 'user' {
  if (name.startsWith('net.')) return 'net';
  if (name.startsWith('user.')) return 'user';
  return name === 'kernel.domainname' ? 'uts' : 'ipc';
}

function refuseShared(name: string, draft: Draft, context: IsolatorContext, at: IsolatorContext['at']): void {
  const kind = sysctlNamespace(name);
  if ((kind === 'net' && context.hostNetwork) || (kind === 'user' && !context.hasUserns)) {
    const mode = kind === 'net' ? 'network: {mode: host}' : 'userns: host';
    throw new PodError('manifest/schema', `set sysctl "${name}": with "${mode}" it is the host's`, { at });
  }
  if (kind === 'user') return;
  const shared = kind === 'net' ? 'private' : (draft.namespaces?.[kind].value ?? 'private');
  if (kind === 'net' ? context.joinedNetwork : shared !== 'private') {
    const owner = kind === 'net' || typeof shared === 'object' ? "another pod's" : "the host's";
    throw new PodError('manifest/schema', `set sysctl "${name}": the namespace it is of is ${owner}`, { at });
  }
}

export const SYSCTL: Isolator<SysctlValue> = {
  name: 'os/linux/sysctl',
  example: { 'net.ipv4.ip_unprivileged_port_start': 80 },
  scopes: ['pod'],
  schema: {
    type: 'object',
    description:
      "Kernel settings of the pod's own namespaces, by their dotted names: {net.ipv4.ip_unprivileged_port_start: 80}. All other settings belong to the host and are refused.",
    minProperties: 1,
    propertyNames: {
      type: 'string',
      pattern: '^[a-z][A-Za-z0-9_.-]*$',
      'x-expects': 'the name of a setting, as in "net.core.somaxconn"',
    },
    additionalProperties: {
      // A line break would be a second value.
      type: ['string', 'integer'],
      pattern: '^[^\\u0000-\\u001f\\u007f]{1,1024}$',
      'x-expects': 'one line of 1 to 1024 characters',
    },
  },
  look,
  lower,
  fixed: IN_THE_POD,
  readBackNeedsValue: true,
  readBack: ({ sysctl }, asked = {}) =>
    unlessEmpty(Object.fromEntries(Object.keys(asked).map((name) => [name, sysctl?.(name)]))),
};

/** The name appc has for it. */
export const UNIX_SYSCTL: Isolator<SysctlValue> = { ...SYSCTL, name: 'os/unix/sysctl' };
