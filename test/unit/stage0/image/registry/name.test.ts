import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  apiHost,
  canonicalName,
  isLoopback,
  parseRegistryName,
} from '../../../../../stages/stage0/image/registry/name.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

function parse(rest: string): ReturnType<typeof parseRegistryName> {
  return parseRegistryName(rest, `docker://${rest}`);
}

test('host, repository, tag and digest are told apart', () => {
  assert.deepEqual(parse('Registry.Example:5000/team/app:1.2'), {
    host: 'registry.example:5000',
    repository: 'team/app',
    tag: '1.2',
  });
  assert.deepEqual(parse(`localhost/app:1@${DIGEST}`), {
    host: 'localhost',
    repository: 'app',
    tag: '1',
    digest: DIGEST,
  });
  assert.equal(parse('localhost/app').tag, 'latest');
  assert.equal(parse('h/a__b/c.d-e--f/0').repository, 'a__b/c.d-e--f/0');
});

test('a name of Docker Hub is completed as docker does it', () => {
  assert.deepEqual(parse('docker.io/nginx:1.27'), { host: 'docker.io', repository: 'library/nginx', tag: '1.27' });
  assert.equal(parse('docker.io/team/app').repository, 'team/app');
  assert.equal(apiHost(parse('docker.io/nginx')), 'registry-1.docker.io');
  assert.equal(apiHost(parse('localhost:5000/nginx')), 'localhost:5000');
});

test('the old name of Docker Hub is the same registry', () => {
  assert.equal(canonicalName(parse('index.docker.io/nginx')), canonicalName(parse('docker.io/nginx')));
});

test('a host may be an address of version 6', () => {
  assert.equal(parse('[::1]:5000/app').host, '[::1]:5000');
  assert.ok(isLoopback(parse('[::1]:5000/app').host) && isLoopback('[::1]') && !isLoopback('[::2]:5000'));
});

test('one image has one name, which its digest decides', () => {
  assert.equal(canonicalName(parse('docker.io/nginx')), 'docker://docker.io/library/nginx:latest');
  assert.equal(canonicalName(parse(`h/app:1@${DIGEST}`)), canonicalName(parse(`h/app:2@${DIGEST}`)));
});

test('what is no name of an image is refused', () => {
  const wrong = [
    '',
    'nginx',
    '/nginx',
    'host/',
    'host/App',
    // Only look like addresses: no URL can be made of them.
    '256.1.1.1/app',
    '127.0.0.999/app',
    '[::1::2]/app',
    'host/a//b',
    'host/../b',
    'host/a/',
    'host/a_b_',
    'host/a___b',
    'host:99999/a',
    'host:/a',
    '-host/a',
    'user:password@host/a',
    'host/a:',
    'host/a:b:c',
    `host/a:${'x'.repeat(129)}`,
    'host/a@sha256:abc',
    `host/a@${DIGEST.toUpperCase()}`,
    `host/a@${DIGEST}@${DIGEST}`,
    `host/a@sha512:${'a'.repeat(128)}`,
    `host/${'a'.repeat(255)}`,
    'host/a\nb',
    'host/a?x=y',
    'host/a#b',
    'host/a%2fb',
  ];
  for (const rest of wrong) assert.throws(() => parse(rest), { code: 'image/reference' }, rest);
});

test('only this machine is on loopback', () => {
  for (const host of ['localhost', 'localhost:5000', '127.0.0.1', '127.1.2.3:80', '[::1]:5000'])
    assert.ok(isLoopback(host), host);
  for (const host of ['127.0.0.1.example', 'localhost.example', '128.0.0.1', '0x7f000001', 'example']) {
    assert.ok(!isLoopback(host), host);
  }
});
