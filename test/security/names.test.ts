import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '../unit/stage0/manifest/parse-case.ts';

/** Names that became paths, options or patterns elsewhere. */
const NAMES = ['..', '.', '../x', 'a/b', '/etc', '-rf', '--help', 'a\nb', 'a\0b', 'a b', '*', '$(id)', 'é', ''];
/** The same where a path is meant: these lead out, or are none. */
const PATHS = ['..', '../x', 'a/../../x', 'a\0b'];

interface Case {
  readonly what: string;
  readonly values: readonly string[];
  readonly manifest: (value: string) => object;
}

const pod = (more: object, app: object = {}): object => ({
  apiVersion: 'pod/v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  apps: [{ name: 'a', image: 'host', ...app }],
  ...more,
});
const volume = { name: 'v', kind: 'empty' };

const CASES: readonly Case[] = [
  { what: 'a pod', values: [...NAMES, 'a'.repeat(300)], manifest: (name) => pod({ metadata: { name } }) },
  { what: 'an app', values: NAMES, manifest: (name) => pod({}, { name }) },
  { what: 'a volume', values: NAMES, manifest: (name) => pod({ volumes: [{ ...volume, name }] }) },
  { what: 'a port', values: NAMES, manifest: (name) => pod({}, { ports: [{ name, port: 80 }] }) },
  {
    what: 'another pod to share the network with',
    values: NAMES,
    manifest: (name) => pod({ network: { mode: `pod:${name}` } }),
  },
  { what: 'a network of CNI', values: NAMES, manifest: (name) => pod({ network: { mode: `cni:${name}` } }) },
  { what: 'a host', values: NAMES, manifest: (hostname) => pod({ hostname }) },
  {
    what: 'a variable',
    values: ['', 'A=B', 'A\nB', 'A\0B'],
    manifest: (name) => pod({}, { env: { [name]: 'x' } }),
  },
  { what: 'the value of a variable', values: ['a\0b'], manifest: (value) => pod({}, { env: { A: value } }) },
  { what: 'an argument', values: ['a\0b'], manifest: (value) => pod({}, { exec: ['/bin/true', value] }) },
  {
    what: 'a part of a volume',
    values: [...PATHS, '/etc', ''],
    manifest: (subPath) => pod({ volumes: [volume] }, { mounts: [{ volume: 'v', path: '/v', subPath }] }),
  },
  {
    what: 'a place to mount on',
    values: ['', 'relative', '/a/../../x', '/proc', '/proc/sys', '/sys', '/dev', '/a\0b'],
    manifest: (path) => pod({ volumes: [volume] }, { mounts: [{ volume: 'v', path }] }),
  },
  {
    what: 'a file of an inline volume',
    values: [...PATHS, '/etc/x', ''],
    manifest: (file) => pod({ volumes: [{ name: 'v', kind: 'inline', files: { [file]: 'x' } }] }),
  },
  {
    what: 'a working directory',
    values: ['relative', '/a\0b', ''],
    manifest: (workingDirectory) => pod({}, { workingDirectory }),
  },
];

for (const { what, values, manifest } of CASES) {
  test(`no name that is a path, an option or a pattern is taken for the name of ${what}`, () => {
    for (const value of values) {
      const { spec, errors } = parse(JSON.stringify(manifest(value)));
      assert.ok(spec === undefined && errors.length > 0, `${JSON.stringify(value)} is accepted`);
      for (const { at } of errors) assert.ok(at && at.line === 1 && at.col > 1, JSON.stringify(value));
    }
  });
}
