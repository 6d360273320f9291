import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { appWith, HEAD, parse, places, specOf } from './parse-case.ts';

function probeOf(role: string, probe: string, ...more: string[]): ProbeSpec {
  const [found] = specOf(appWith(...more, `probes: {${role}: ${probe}}`)).apps[0]!.probes;
  assert.equal(found?.role, role);
  return found;
}

test('a probe has the defaults of Kubernetes', () => {
  const { at: _at, ...probe } = probeOf('live', '{tcp: {port: 80}}');
  const question = { kind: 'tcp', port: 80, address: '127.0.0.1', hostName: 'localhost' };
  const times = { delayMs: 0, periodMs: 10_000, timeoutMs: 1000, successes: 1, failures: 3 };
  assert.deepEqual(probe, { role: 'live', ...times, question });
});

test('a probe keeps what is written, and its place', () => {
  const text = '{exec: [a, b], initialDelay: 1s, period: 2s, timeout: 300ms, successes: 4, failures: 5}';
  const { question, at, ...times } = probeOf('ready', text);
  assert.deepEqual(times, {
    role: 'ready',
    delayMs: 1000,
    periodMs: 2000,
    timeoutMs: 300,
    successes: 4,
    failures: 5,
  });
  assert.deepEqual(question, { kind: 'exec', command: ['a', 'b'] });
  assert.deepEqual([at.line, at.col], [7, 14]);
});

test('a port may be one of the app’s by name', () => {
  const { question } = probeOf('start', '{grpc: {port: rpc, service: x.Y}}', 'ports: [{name: rpc, port: 9090}]');
  const target = { port: 9090, address: '127.0.0.1', hostName: 'localhost' };
  assert.deepEqual(question, { kind: 'grpc', ...target, service: 'x.Y' });
});

test('the probes are in the order start, ready, live, whatever that of the manifest', () => {
  const tcp = '{tcp: {port: 1}}';
  const { probes } = specOf(appWith(`probes: {live: ${tcp}, start: ${tcp}, ready: ${tcp}}`)).apps[0]!;
  assert.deepEqual(
    probes.map(({ role }) => role),
    ['start', 'ready', 'live'],
  );
});

for (const [written, address] of Object.entries({
  localhost: '127.0.0.1',
  '127.0.0.2': '127.0.0.2',
  '0:0:0:0:0:0:0:1': '::1',
  web: 'pod',
})) {
  test(`a probe of host ${written} connects to ${address}`, () => {
    const { question } = probeOf('ready', `{http: {port: 1, host: "${written}"}}`);
    assert.ok(question.kind === 'http');
    assert.deepEqual([question.address, question.hostName], [address, written]);
  });
}

test('the hostname stands for the pod’s address, not the pod’s name', () => {
  const head = HEAD.replace('kind: Pod', 'kind: Pod\nhostname: www');
  const app = (host: string): string =>
    `${head}apps: [{name: a, image: host, probes: {ready: {tcp: {port: 1, host: ${host}}}}}]\n`;
  const { question } = specOf(app('www')).apps[0]!.probes[0]!;
  assert.ok(question.kind === 'tcp');
  assert.equal(question.address, 'pod');
  assert.deepEqual(places(parse(app('web')).errors), ['5:69 manifest/schema']);
});

test('a link-local address is refused, with its link or without: the link does not exist yet', () => {
  for (const host of ['fe80::1', 'FEBF::1', 'fe80::1%eth0']) {
    const { errors } = parse(appWith(`probes: {live: {tcp: {port: 1, host: "${host}"}}}`));
    assert.deepEqual(places(errors), ['7:42 manifest/schema'], host);
    assert.match(errors[0]!.message, /link-local/);
  }
});

test('successes of a live probe have no effect, and that is said', () => {
  const { warnings } = parse(appWith('probes: {live: {tcp: {port: 1}, successes: 2}}'));
  assert.deepEqual(places(warnings), ['7:48 manifest/schema']);
});
