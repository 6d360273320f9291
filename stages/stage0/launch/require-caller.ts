// user_namespaces(7), newuidmap(1), subuid(5)

import { readFileSync } from 'node:fs';
import { PodError, type Position } from '../error.ts';
import { readMountPoints } from '../gc/mounts.ts';
import type { PodSpec, UsernsSpec } from '../manifest/spec.ts';
import { idCount } from '../plan/caller.ts';
import type { CallerFacts, HostFacts } from '../plan/facts.ts';
import { findTool, missingForNetwork, nameOf } from '../plan/read-caller.ts';
import type { ResolvedApp } from '../plan/types.ts';

/** Settings that can forbid user namespaces to normal users, with the value that does. */
const SWITCHES: readonly (readonly [path: string, off: string])[] = [
  ['/proc/sys/user/max_user_namespaces', '0'],
  ['/proc/sys/kernel/unprivileged_userns_clone', '0'],
  ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1'],
];

/**
 * Everything in the pod that this host cannot give the caller, each with its line. For root: only users without an id in the pod.
 */
export function refusedToCaller(spec: PodSpec, apps: readonly ResolvedApp[], { caller }: HostFacts): PodError[] {
  const foreign = apps.flatMap((app) => foreignUser(app, spec.userns, caller));
  if (!caller) return foreign;
  return [
    ...switchedOff(spec),
    ...withoutUserns(spec),
    ...tooManyIds(spec, caller),
    ...foreign,
    ...apps.flatMap(mountedBelow),
    ...withoutBridge(spec, caller),
  ];
}

function switchedOff({ at }: PodSpec): PodError[] {
  return closedSwitches().map(
    ({ name, value }) =>
      new PodError('host/privilege', `make a user namespace as a normal user: ${name} is ${value}`, {
        at,
        hint: `have an administrator change it (sysctl -w ${name}=…), or run as root`,
      }),
  );
}

/** Settings of this host that keep normal users from having pods. */
export function closedSwitches(): { readonly name: string; readonly value: string }[] {
  return SWITCHES.flatMap(([path, off]) => {
    const name = path.slice('/proc/sys/'.length).replaceAll('/', '.');
    return valueOf(path) === off ? [{ name, value: off }] : [];
  });
}

function valueOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Not every kernel has every switch, and an unreadable one is not known to be off.
    return undefined;
  }
}

function withoutUserns({ userns }: PodSpec): PodError[] {
  if (userns.mode !== 'host') return [];
  const hint = 'leave "userns" out, or run as root';
  return [new PodError('host/privilege', 'run without a user namespace: only root can', { at: userns.at, hint })];
}

/** `auto` accepts fewer ids than this; an explicit number does not. */
const AUTO_SIZE = 65_536;

function tooManyIds({ userns }: PodSpec, caller: CallerFacts): PodError[] {
  const has = idCount(caller);
  if (userns.mode === 'host' || userns.size === AUTO_SIZE || userns.size <= has) return [];
  const message = `map ${userns.size} ids into the pod: you have ${has}`;
  return [new PodError('host/unsupported', message, { at: userns.at, hint: howToGetIds() })];
}

/** Rejects users and groups, of the manifest or the image, whose id is not mapped into the pod. */
function foreignUser({ spec, image, user }: ResolvedApp, userns: UsernsSpec, caller?: CallerFacts): PodError[] {
  const size = userns.mode === 'host' ? Infinity : userns.size;
  const has = Math.min(size, caller ? idCount(caller) : Infinity);
  const ids: readonly (readonly [what: string, id: number, at: Position | undefined])[] = [
    ['user', user.uid, spec.user?.at],
    ['group', user.gid, spec.group?.at ?? spec.user?.at],
    ...(has > 1 || !caller ? user.supplementaryGids.map((gid) => ['group', gid, spec.user?.at] as const) : []),
  ];
  const [what, id, at] = ids.find(([, number]) => number >= has) ?? [];
  if (id === undefined) return [];
  const from = at ? '' : ` (of image "${image.ref}")`;
  const lack = caller && has < size ? mapped(has) : `the pod's user namespace has ${has} ids`;
  const hint = caller && has < size ? howToGetIds() : howToHaveId(id);
  const message = `run app "${spec.name}" as ${what} ${id}${from}: ${lack}`;
  return [new PodError('host/unsupported', message, { at: at ?? spec.image.at, hint })];
}

function mapped(count: number): string {
  return count === 1 ? 'for a normal user the pod has one id, root in the pod' : `you have ${count} ids for the pod`;
}

function howToHaveId(id: number): string {
  return id < AUTO_SIZE ? `give it more, with "userns: {size: ${id + 1}}"` : 'with "userns: host" any id is allowed';
}

/**
 * In a mount namespace made by a user, the kernel locks mounts inherited from others together: a layer with another mount below it
 * cannot be used alone (CVE-2021-3732).
 */
function mountedBelow({ spec, image }: ResolvedApp): PodError[] {
  const points = readMountPoints();
  const layers = image.mounts.flatMap((mount) => mount.layers);
  return layers
    .flatMap((layer) => points.filter((point) => point.startsWith(`${layer}/`)).slice(0, 1))
    .map((point) => {
      const message = `use image "${image.ref}" as a normal user: "${point}" is mounted inside it`;
      return new PodError('host/unsupported', message, { at: spec.image.at, hint: 'use an image of another kind' });
    });
}

/** The hint for getting ids, naming the tools that are missing. */
export function howToGetIds(): string {
  const missing = ['newuidmap', 'newgidmap'].filter((tool) => findTool(tool) === undefined);
  const tools = missing.length > 0 ? `install ${missing.join(' and ')} (package uidmap or shadow-utils); ` : '';
  return `${tools}give yourself ids in /etc/subuid and /etc/subgid, as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${nameOf() ?? 'USER'}`;
}

function withoutBridge({ network }: PodSpec, caller: CallerFacts): PodError[] {
  if (network.mode === 'cni') return [withoutPlugins(network.at)];
  if (network.mode !== 'bridge' || caller.network) return [];
  return [
    new PodError('host/privilege', 'make a bridge network: only root can', {
      at: network.at,
      hint: `for a network of your own ${missingForNetwork().join(', and ')}; or use "--net none" or "--net host"`,
    }),
  ];
}

/** Plugins change the host's network. */
function withoutPlugins(at: Position): PodError {
  return new PodError('host/privilege', 'use a CNI network: only root can', {
    at,
    hint: 'write "network: {mode: bridge}" for a network of your own, or run as root',
  });
}
