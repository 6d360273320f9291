// The rules of the App Container specification, 0.8.11, for manifests; written from spec/{pods,aci,types,ace}.md, not from our code.

import assert from 'node:assert/strict';

type Obj = Readonly<Record<string, unknown>>;
type Rule = (value: unknown, at: string) => void;

const matches =
  (pattern: RegExp): Rule =>
  (value, at) =>
    assert.ok(typeof value === 'string' && pattern.test(value), `${at}: ${JSON.stringify(value)} is not ${pattern}`);

const acName = matches(/^[a-z0-9]+([-][a-z0-9]+)*$/);
const acIdentifier = matches(/^[a-z0-9]+([-._~/][a-z0-9]+)*$/);
const absolutePath = matches(/^\//);
const imageId = matches(/^sha512-[0-9a-f]{128}$/);
const version = matches(/^0\.8\.11$/);
const string = matches(/^/);
const quantity = matches(/^[0-9]+(\.[0-9]+)?(m|[kKMGTPE]|[KMGTPE]i)?$/);
const whole: Rule = (value, at) => assert.ok(Number.isInteger(value), `${at}: not an integer`);
const flag: Rule = (value, at) => assert.equal(typeof value, 'boolean', at);
const is =
  (...values: unknown[]): Rule =>
  (value, at) =>
    assert.ok(values.includes(value), `${at}: ${JSON.stringify(value)}`);

/** An object with these members and no others; `key?` may be absent. */
function object(members: Readonly<Record<string, Rule>>): Rule {
  return (value, at) => {
    assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${at}: not an object`);
    const known = new Map(Object.entries(members).map(([key, rule]) => [key.replace('?', ''), rule]));
    for (const [key, member] of Object.entries(value)) {
      const rule = known.get(key);
      assert.ok(rule, `${at}: appc has no member "${key}"`);
      rule(member, `${at}/${key}`);
    }
    for (const key of Object.keys(members)) if (!key.endsWith('?')) assert.ok(key in value, `${at}: no "${key}"`);
  };
}

/** A list that is not empty, of items whose `unique` differ. */
function list(item: Rule, unique?: string): Rule {
  return (value, at) => {
    assert.ok(Array.isArray(value) && value.length > 0, `${at}: not a list with items`);
    value.forEach((member, i) => item(member, `${at}/${i}`));
    if (unique !== undefined)
      assert.equal(new Set(value.map((member: Obj) => member[unique])).size, value.length, `${at}: two of one name`);
  };
}

const pairs = (name: Rule): Rule => list(object({ name, value: string }), 'name');
const annotations = pairs(acIdentifier);
const labels = pairs(acIdentifier);
const resource = object({ 'request?': quantity, 'limit?': quantity });
const seccomp = object({ set: list(string), 'errno?': matches(/^[A-Z0-9]*$/) });

const APP_ISOLATORS: Readonly<Record<string, Rule>> = {
  'resource/cpu': resource,
  'resource/memory': resource,
  'os/linux/capabilities-retain-set': object({ set: list(matches(/^CAP_[A-Z_]+$/)) }),
  'os/linux/capabilities-remove-set': object({ set: list(matches(/^CAP_[A-Z_]+$/)) }),
  'os/linux/seccomp-retain-set': seccomp,
  'os/linux/seccomp-remove-set': seccomp,
  'os/linux/no-new-privileges': flag,
  'os/linux/oom-score-adj': whole,
};

const POD_ISOLATORS: Readonly<Record<string, Rule>> = {
  'resource/cpu': resource,
  'resource/memory': resource,
  'resource/network-bandwidth': object({ default: is(true), limit: quantity }),
  'os/unix/sysctl': (value, at) => Object.entries(value as Obj).forEach(([key, text]) => string(text, `${at}/${key}`)),
};

const isolators = (known: Readonly<Record<string, Rule>>): Rule =>
  list((value, at) => {
    object({ name: acIdentifier, value: () => {} })(value, at);
    const { name, value: setting } = value as { name: string; value: unknown };
    assert.ok(known[name], `${at}: appc has no isolator "${name}" here`);
    known[name](setting, `${at}/value`);
  }, 'name');

const app = object({
  exec: (value, at) => {
    list(string)(value, at);
    absolutePath((value as unknown[])[0], `${at}/0`);
  },
  user: matches(/./),
  group: matches(/./),
  'supplementaryGIDs?': list(whole),
  'workingDirectory?': absolutePath,
  'environment?': pairs(matches(/^[A-Za-z0-9_]+$/)),
  'mountPoints?': list(object({ name: acName, path: absolutePath, 'readOnly?': flag }), 'name'),
  'ports?': list(object({ name: acName, protocol: string, port: whole }), 'name'),
  'isolators?': isolators(APP_ISOLATORS),
});

const volume: Rule = (value, at) => {
  const common = { name: acName, kind: is('empty', 'host'), 'readOnly?': flag };
  const isHost = (value as Obj)['kind'] === 'host';
  object({
    ...common,
    ...(isHost ? { source: absolutePath } : { 'mode?': matches(/^0[0-7]{3}$/), 'uid?': whole, 'gid?': whole }),
  })(value, at);
};

const runtimeApp = object({
  name: acName,
  image: object({ id: imageId, 'name?': acIdentifier, 'labels?': labels }),
  'app?': app,
  'readOnlyRootFS?': flag,
  'mounts?': list(object({ volume: acName, path: absolutePath })),
  'annotations?': annotations,
});

/** Throws with the first place that breaks a rule. */
export const assertPodManifest: (value: unknown) => void = (value) => {
  object({
    acVersion: version,
    acKind: is('PodManifest'),
    apps: list(runtimeApp, 'name'),
    'volumes?': list(volume, 'name'),
    'isolators?': isolators(POD_ISOLATORS),
    'annotations?': annotations,
    'ports?': list(object({ name: acName, hostPort: whole }), 'name'),
  })(value, '');
  const { apps, volumes = [] } = value as { apps: { mounts?: { volume: string }[] }[]; volumes?: { name: string }[] };
  for (const { volume: name } of apps.flatMap(({ mounts = [] }) => mounts))
    assert.ok(
      volumes.some((one) => one.name === name),
      `a mount of "${name}", which is no volume`,
    );
};

export const assertImageManifest: (value: unknown) => void = (value) =>
  object({
    acKind: is('ImageManifest'),
    acVersion: version,
    name: acIdentifier,
    'labels?': labels,
    'app?': app,
    'annotations?': annotations,
  })(value, '');
