import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse as parseYaml } from 'yaml';
import { parse } from './parse-case.ts';

const ROUNDS = 5000;
const MAX_ROUND_MS = 5000;

/** The same numbers for the same seed: a failure can be run again. */
function newRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SEEDS = [
  `apiVersion: pod/v1
kind: Pod
metadata: {name: web, labels: {tier: front}}
userns: {size: 65536}
volumes:
  - {name: data, kind: empty, medium: memory, size: 1Gi}
  - {name: conf, kind: inline, files: {app.conf: "listen 80;\\n"}}
apps:
  - &base
    name: nginx
    image: oci:./images/nginx
    exec: [/usr/sbin/nginx, -g, "daemon off;"]
    user: www-data
    env: {TZ: UTC, 'A': b}
    mounts: [{volume: data, path: /var/lib/app, subPath: x}]
    ports: [{name: http, port: 80, hostPort: 8080, hostIP: 127.0.0.1}]
    isolators:
      resource/cpu: {request: 250m, limit: 500m}
      resource/memory: {limit: 256Mi}
    after: [{app: db, condition: ready}]
    stop: {signal: SIGTERM, grace: 10s}
  - name: db
    image: host
    isolators: [{name: resource/memory, value: {limit: 64Mi}}]
    probes: {ready: {exec: [/bin/true], period: 2s}}
    hooks: {preStart: [/bin/true]}
`,
  '{"apiVersion": "pod/v1", "kind": "Pod", "metadata": {"name": "j"}, "apps": [{"name": "a", "image": "host", "env": {"A": "b"}}]}',
];

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  '\n',
  '  ',
  '"',
  "'",
  '&a ',
  '*a',
  '<<: ',
  '? ',
  '|\n',
  '>-\n',
  '!!str ',
  '!x ',
  '#',
  '---\n',
  '%',
  '\t',
  '\0',
  '\u001b',
  '\ufeff',
  '0400',
  '-1',
  '1e309',
  '.nan',
  '99999999999999999999',
  'null',
  'true',
  '~',
  '..',
  '/',
  '__proto__',
  '\ud800',
  '𝕏',
];

function mutate(text: string, random: () => number): string {
  let mutated = text;
  const count = 1 + Math.floor(random() * 4);
  for (let round = 0; round < count; round++) {
    const at = Math.floor(random() * mutated.length);
    const length = Math.floor(random() ** 3 * 40);
    const token = TOKENS[Math.floor(random() * TOKENS.length)]!;
    const kind = random();
    if (kind < 0.3) mutated = mutated.slice(0, at) + token + mutated.slice(at);
    else if (kind < 0.55) mutated = mutated.slice(0, at) + mutated.slice(at + length);
    else if (kind < 0.8) mutated = mutated.slice(0, at) + token + mutated.slice(at + token.length);
    else
      mutated =
        mutated.slice(0, at) +
        mutated.slice(Math.floor(random() * mutated.length)).slice(0, length * 4) +
        mutated.slice(at);
  }
  return mutated;
}

test(`${ROUNDS} mutated manifests: no crash, no hang, every error has a place in the text`, () => {
  const random = newRandom(20_261_123);
  let valid = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutate(SEEDS[round % SEEDS.length]!, random);
    const lines = text.split('\n').length;
    const startedMs = performance.now();
    const { spec, errors, warnings } = parse(text);
    assert.ok(performance.now() - startedMs < MAX_ROUND_MS, `round ${round} took too long`);
    assert.equal(spec === undefined, errors.length > 0, `round ${round}`);
    for (const { at, message } of [...errors, ...warnings]) {
      assert.ok(at && at.line >= 1 && at.line <= lines && at.col >= 1, `round ${round}: "${message}" has no place`);
    }
    if (spec) valid++;
  }
  // Neither all nor none: the mutations would say nothing.
  assert.ok(valid > ROUNDS / 100 && valid < ROUNDS * 0.9, `${valid} were valid`);
});

test('every prefix of a manifest is judged without a crash', () => {
  const text = SEEDS[0]!;
  for (let length = 0; length < text.length; length++) {
    for (const { at } of parse(text.slice(0, length)).errors) assert.ok(at && at.line >= 1);
  }
});

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 40,
  '',
  'x',
  '0',
  'a/../b',
  '\0',
  [],
  [[]],
  [null],
  {},
  { a: {} },
  ['x', 5],
];

/** A copy with one value somewhere in it replaced by one of another kind. */
function replaceOne(value: unknown, random: () => number): unknown {
  if (value === null || typeof value !== 'object' || random() < 0.15)
    return VALUES[Math.floor(random() * VALUES.length)];
  const keys = Object.keys(value);
  const chosen = keys[Math.floor(random() * keys.length)];
  if (chosen === undefined) return VALUES[Math.floor(random() * VALUES.length)];
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
  copy[chosen] = replaceOne(copy[chosen], random);
  return copy;
}

test('values of a wrong kind anywhere are errors with a place, never a crash', () => {
  const random = newRandom(4242);
  const manifest = parseYaml(SEEDS[0]!) as unknown;
  for (let round = 0; round < ROUNDS / 2; round++) {
    const { errors } = parse(JSON.stringify(replaceOne(replaceOne(manifest, random), random)));
    for (const { at } of errors) assert.ok(at && at.line === 1 && at.col >= 1);
  }
});
