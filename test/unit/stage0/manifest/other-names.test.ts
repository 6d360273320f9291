import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, appWith, HEAD, onlyError, parse } from './parse-case.ts';

const OF_POD: readonly [line: string, hint: RegExp][] = [
  ['spec: {}', /fields stand at the top level/],
  ['containers: []', /called "apps"/],
  ['restartPolicy: Never', /restart: \{policy: always\}/],
  ['hostNetwork: true', /network: \{mode: host\}/],
];

const OF_APP: readonly [line: string, hint: RegExp][] = [
  ['command: [run]', /called "exec"/],
  ['args: [run]', /called "exec"/],
  ['resources: {}', /"isolators"/],
  ['livenessProbe: {}', /probes: \{live: /],
  ['volumeMounts: []', /called "mounts"/],
  ['depends_on: [db]', /after: \[\{app: NAME/],
];

for (const [line, hint] of OF_POD)
  test(`the pod's "${line}" is told what it is called here`, () => {
    const error = onlyError(`${HEAD}${APP}${line}\n`);
    assert.equal(error.code, 'manifest/unknown-field');
    assert.match(error.hint ?? '', hint);
  });

for (const [line, hint] of OF_APP)
  test(`an app's "${line}" is told what it is called here`, () => {
    const error = onlyError(appWith(line));
    assert.equal(error.code, 'manifest/unknown-field');
    assert.match(error.hint ?? '', hint);
  });

test('the fields of probes, mounts and ports, too', () => {
  const probes = onlyError(appWith('probes: {live: {tcp: {port: 80}, periodSeconds: 3}}'));
  assert.match(probes.hint ?? '', /called "period" here, with a unit/);
  const hints = parse(appWith('mounts: [{name: a, mountPath: /x}]', 'ports: [{containerPort: 80}]')).errors.map(
    ({ hint }) => hint,
  );
  for (const name of ['volume', 'path', 'port']) assert.ok(hints.includes(`it is called "${name}" here`), name);
});

test('a volume without a kind names the kind that its fields belong to, or all of them', () => {
  const volume = (fields: string): string | undefined =>
    parse(`${HEAD}${APP}volumes: [{name: v${fields}}]\n`).errors[0]?.hint;
  assert.equal(volume(', hostPath: {path: /srv}'), 'it is written kind: host, source: PATH here');
  assert.equal(volume(''), 'the choices are: empty, host, inline');
});

test('what stands for a map is told the fields of the map', () => {
  assert.equal(onlyError(appWith('restart: always')).hint, 'its fields are: policy, maxRetries, backoff');
  assert.equal(onlyError(appWith('env: [{name: A, value: b}]')).hint, 'write a map: {NAME: VALUE}');
});

test('a field named like a member of every object is unknown, and no more', () => {
  assert.match(onlyError(appWith('constructor: 1')).hint ?? '', /^the fields here are: /);
});
