import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, places } from './parse-case.ts';

const MANIFEST = `apiVersion: pod/v1
kind: Pod
metadata: {name: Web, lables: {}}
hostname: a_b
network: {mode: brige}
volumes:
  - {name: data, kind: emty}
  - {name: conf, kind: inline, files: {../x: "", ok: ""}}
  - {name: conf, kind: host, source: ./conf, readonly: true}
apps:
  - name: front
    image: nginx
    user: 0100
    env: {PORT: 8080, HOME: "/a\\nb"}
    mounts:
      - {volume: dta, path: /srv}
      - {volume: conf, path: /a/../b}
    ports: [{name: http, port: 99999, protocol: tpc}]
    isolators:
      resource/memroy: {limit: 64Mi}
      resource/cpu: {limit: 1Gi}
    after: [{app: back}]
    stop: {signal: TERM}
  - name: back
    image: host
    exec: run
    after: [{app: front}, {app: nobody, condition: ready}]
`;

const EXPECTED: readonly [place: string, hint?: string][] = [
  ['3:18 manifest/schema', 'write "web"'],
  ['3:23 manifest/unknown-field', 'did you mean "labels"?'],
  ['4:11 manifest/schema', 'write "a-b"'],
  ['5:17 manifest/schema', 'did you mean "bridge"?'],
  ['7:24 manifest/schema', 'did you mean "empty"?'],
  ['8:40 manifest/schema'],
  ['9:12 manifest/duplicate', 'the first one is on line 8'],
  ['9:46 manifest/unknown-field', 'did you mean "readOnly"?'],
  ['12:12 manifest/schema'],
  ['13:11 manifest/schema', 'write 64 if that is the intended number'],
  ['14:17 manifest/schema', 'put it in quotes: "8080"'],
  ['14:29 manifest/schema'],
  ['16:18 manifest/reference', 'did you mean "data"?'],
  ['17:30 manifest/schema'],
  ['18:32 manifest/schema'],
  ['18:49 manifest/schema', 'did you mean "tcp"?'],
  ['20:7 manifest/unknown-field', 'did you mean "resource/memory"?'],
  ['21:29 manifest/schema'],
  ['23:20 manifest/schema', 'did you mean "SIGTERM"?'],
  ['26:11 manifest/schema', 'write a list: [run]'],
  ['27:19 manifest/cycle'],
  ['27:33 manifest/reference'],
];

test('all errors of a manifest come at once, each with its place, in order', () => {
  const { spec, errors } = parse(MANIFEST);
  assert.equal(spec, undefined);
  assert.deepEqual(
    places(errors),
    EXPECTED.map(([place]) => place),
  );
});

test('errors come with the hint that mends them', () => {
  const { errors } = parse(MANIFEST);
  for (const [index, [place, hint]] of EXPECTED.entries()) {
    if (hint !== undefined) assert.equal(errors[index]?.hint, hint, place);
  }
});
