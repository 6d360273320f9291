import type { IsolatorSpec } from '../manifest/spec.ts';

export interface AcIsolator {
  readonly name: string;
  readonly value: unknown;
}

type Obj = Readonly<Record<string, unknown>>;

type Units = 'cores' | 'bytes';

function resource(units: Units): (value: Obj) => Obj {
  return (value) => {
    const members = ['request', 'limit'].flatMap((key) => {
      const quantity = value[key];
      return quantity === undefined ? [] : [[key, quantityText(quantity as string | number, units)] as const];
    });
    return Object.fromEntries(members);
  };
}

/** Quantities are strings in appc; parts of a core are written in thousandths. */
function quantityText(quantity: string | number, units: Units): string {
  if (typeof quantity === 'string' || Number.isInteger(quantity)) return String(quantity);
  return units === 'cores' ? `${Math.round(quantity * 1000)}m` : String(Math.floor(quantity));
}

/** In appc, whoever limits a bandwidth has to say that it is that of every device. */
function rate(value: Obj): Obj {
  return { default: true, limit: quantityText(value['limit'] as string | number, 'bytes') };
}

function set(value: Obj): Obj {
  return { set: value['set'] };
}

function filter(value: Obj): Obj {
  return { ...set(value), ...(value['errno'] === undefined ? {} : { errno: value['errno'] }) };
}

function sysctls(value: Obj): Obj {
  return Object.fromEntries(Object.entries(value).map(([name, setting]) => [name, String(setting)]));
}

interface Projection {
  readonly name: string;
  readonly value: (value: never) => unknown;
}

const same = (value: unknown): unknown => value;
const CPU: Projection = { name: 'resource/cpu', value: resource('cores') };
const MEMORY: Projection = { name: 'resource/memory', value: resource('bytes') };

const NETWORK: Projection = { name: 'resource/network-bandwidth', value: rate };

/** Ours → appc's. What is not here is not appc's, and a strict reader would refuse the manifest for it. */
const OF_APPS: Readonly<Record<string, Projection>> = {
  'resource/cpu': CPU,
  'resource/memory': MEMORY,
  'os/linux/capabilities-retain-set': { name: 'os/linux/capabilities-retain-set', value: set },
  'os/linux/capabilities-remove-set': { name: 'os/linux/capabilities-remove-set', value: set },
  'os/linux/seccomp-retain-set': { name: 'os/linux/seccomp-retain-set', value: filter },
  'os/linux/seccomp-remove-set': { name: 'os/linux/seccomp-remove-set', value: filter },
  'os/linux/no-new-privileges': { name: 'os/linux/no-new-privileges', value: same },
  'os/linux/oom-score-adj': { name: 'os/linux/oom-score-adj', value: same },
};

const OF_PODS: Readonly<Record<string, Projection>> = {
  'resource/cpu': CPU,
  'resource/memory': MEMORY,
  'resource/network-bandwidth': NETWORK,
  'os/linux/sysctl': { name: 'os/unix/sysctl', value: sysctls },
};

export function projectIsolators(isolators: readonly IsolatorSpec[], scope: 'app' | 'pod'): AcIsolator[] {
  const known = scope === 'app' ? OF_APPS : OF_PODS;
  return isolators.flatMap(({ name, value }) => {
    const projection = Object.hasOwn(known, name) ? known[name] : undefined;
    // appc's sets must not be empty: an app that retains nothing cannot be said.
    if (!projection || isEmptySet(value)) return [];
    return [{ name: projection.name, value: projection.value(value as never) }];
  });
}

function isEmptySet(value: unknown): boolean {
  const members = (value as { readonly set?: unknown } | null)?.set;
  return Array.isArray(members) && members.length === 0;
}
