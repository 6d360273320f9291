import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { parsePublicKey } from '../../../../../stages/stage0/image/signing/key.ts';
import { parsePrefix, trustOf } from '../../../../../stages/stage0/image/signing/trust-file.ts';
import { parseRegistryName } from '../../../../../stages/stage0/image/registry/name.ts';

function decides(prefixes: readonly string[], ref: string): string | undefined {
  const trust = prefixes.map((prefix) => ({ prefix, keys: [] }));
  return trustOf(trust, parseRegistryName(ref, ref))?.prefix;
}

test('the longest prefix that an image is below decides', () => {
  const all = ['*', 'ghcr.io', 'ghcr.io/acme', 'ghcr.io/acme/web'];
  assert.equal(decides(all, 'ghcr.io/acme/web:1'), 'ghcr.io/acme/web');
  assert.equal(decides(all, 'ghcr.io/acme/web/edge:1'), 'ghcr.io/acme/web');
  assert.equal(decides(all, 'ghcr.io/acme/website:1'), 'ghcr.io/acme');
  assert.equal(decides(all, 'ghcr.io/acmes/web:1'), 'ghcr.io');
  assert.equal(decides(all, 'ghcr.io.evil.test/acme/web'), '*');
  assert.equal(decides(['ghcr.io/acme'], 'ghcr.io/other:1'), undefined);
  assert.equal(decides(['127.0.0.1:5000'], '127.0.0.1:5000/app'), '127.0.0.1:5000');
  assert.equal(decides(['127.0.0.1:5000'], '127.0.0.1:50001/app'), undefined);
});

test('images of Docker Hub are found by both of their names', () => {
  for (const prefix of ['docker.io/nginx', 'docker.io/library/nginx', 'docker.io/library', 'docker.io'])
    for (const ref of ['docker.io/nginx', 'index.docker.io/nginx:1', 'docker.io/library/nginx:1'])
      assert.equal(decides([prefix], ref), prefix, ref);
  assert.equal(decides(['docker.io/nginx'], 'docker.io/nginx/ingress'), 'docker.io/nginx');
  assert.equal(decides(['docker.io/library/nginx'], 'docker.io/nginx/ingress'), undefined);
});

test('a prefix is a registry, or a part of one', () => {
  assert.equal(parsePrefix('*'), '*');
  assert.equal(parsePrefix('docker://GHCR.io/acme/'), 'ghcr.io/acme');
  assert.equal(parsePrefix('index.docker.io'), 'docker.io');
  assert.equal(parsePrefix('127.0.0.1:5000'), '127.0.0.1:5000');
  assert.equal(parsePrefix('docker.io/nginx'), 'docker.io/nginx');
  for (const text of [
    '',
    '/',
    'ghcr.io/Acme',
    'ghcr.io/a b',
    'ghcr.io//a',
    'ghcr.io/*',
    'oci:x',
    'ghcr.io/acme:1',
    'ghcr.io/acme@sha256:0',
  ])
    assert.throws(() => parsePrefix(text), { code: 'cli/usage' }, text);
});

test('keys are those that signatures are made with', () => {
  const pemOf = (pair: { publicKey: KeyObject }): string =>
    pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const good = [p256, generateKeyPairSync('ed25519'), generateKeyPairSync('rsa', { modulusLength: 2048 })];
  for (const pair of good) assert.match(parsePublicKey(pemOf(pair), 'k').id, /^sha256:[0-9a-f]{64}$/);
  const bad = [
    pemOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' })),
    pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 })),
    pemOf(generateKeyPairSync('x25519')),
    p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'nothing',
    '',
  ];
  for (const text of bad) assert.throws(() => parsePublicKey(text, 'k'), { code: 'trust/key' }, text);
});
