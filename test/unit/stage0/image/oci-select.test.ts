import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodError } from '../../../../stages/stage0/error.ts';
import { choose } from '../../../../stages/stage0/image/oci-select.ts';
import { ARCHITECTURE } from '../../../../stages/stage0/image/platform.ts';

const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const HERE = { os: 'linux', architecture: ARCHITECTURE };

function manifest(letter: string, more: object = {}): object {
  return { mediaType: IMAGE, digest: `sha256:${letter.repeat(64)}`, size: 2, ...more };
}

function tagged(letter: string, tag: string): object {
  return manifest(letter, { annotations: { 'org.opencontainers.image.ref.name': tag } });
}

function index(...manifests: readonly object[]): object {
  return { schemaVersion: 2, manifests };
}

const none = (): never => assert.fail('no nested index was expected');

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as PodError).code;
  }
}

test('the only image needs no tag, and latest is what no tag means', () => {
  assert.equal(choose(index(tagged('a', 'v1')), undefined, 'p', none).digest[7], 'a');
  assert.equal(choose(index(tagged('a', 'v1'), tagged('b', 'latest')), undefined, 'p', none).digest[7], 'b');
  assert.equal(choose(index(tagged('a', 'v1'), tagged('b', 'v2')), 'v2', 'p', none).digest[7], 'b');
});

test('several tags and none asked for, or one that is not there, is an error of the reference', () => {
  assert.equal(
    codeOf(() => choose(index(tagged('a', 'v1'), tagged('b', 'v2')), undefined, 'p', none)),
    'image/reference',
  );
  assert.equal(
    codeOf(() => choose(index(tagged('a', 'v1')), 'v9', 'p', none)),
    'image/reference',
  );
});

test('several images that neither a tag nor a platform tells apart are an error of the reference', () => {
  const refused = (...manifests: readonly object[]): void => {
    assert.equal(
      codeOf(() => choose(index(...manifests), undefined, 'p', none)),
      'image/reference',
    );
  };
  refused(manifest('a'), manifest('b'));
  refused(manifest('a'), tagged('b', 'v2'));
  refused(manifest('a', { platform: HERE }), manifest('b', { platform: HERE }));
  const foreign = { os: 'linux', architecture: 's390x' };
  const told = index(
    manifest('a', { platform: foreign }),
    manifest('b', { platform: foreign }),
    manifest('c', { platform: HERE }),
    manifest('d', { platform: { ...HERE, variant: 'v9' } }),
    manifest('c', { platform: HERE }),
  );
  assert.equal(choose(told, undefined, 'p', none).digest[7], 'c');
});

test("this machine's platform is chosen from a nested index", () => {
  const nested = index(
    manifest('c', { platform: { os: 'linux', architecture: 's390x' } }),
    manifest('d', { platform: { os: 'unknown', architecture: 'unknown' } }),
    manifest('e', { platform: HERE }),
  );
  const top = index({ ...tagged('a', 'v1'), mediaType: INDEX });
  assert.equal(choose(top, 'v1', 'p', () => nested).digest[7], 'e');
});

test('no variant for this machine is an error of its own', () => {
  assert.equal(
    codeOf(() =>
      choose(index(manifest('c', { platform: { os: 'windows', architecture: ARCHITECTURE } })), undefined, 'p', none),
    ),
    'image/platform',
  );
  assert.equal(
    codeOf(() => choose(index(), undefined, 'p', none)),
    'image/platform',
  );
});

test('indexes in a circle end', () => {
  const circle = index(manifest('a', { mediaType: INDEX }));
  assert.equal(
    codeOf(() => choose(circle, undefined, 'p', () => circle)),
    'image/corrupt',
  );
});

test('what is an index and an image at once is corrupt', () => {
  assert.equal(
    codeOf(() => choose({ ...index(manifest('a')), layers: [] }, undefined, 'p', none)),
    'image/corrupt',
  );
});
