import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  acIdentifierOf,
  annotationsOf,
  isAcIdentifier,
  isAcName,
  mergeAnnotations,
} from '../../../../stages/stage0/metadata/appc.ts';

test('a name has single hyphens inside, an identifier single separators', () => {
  assert.deepEqual(['web', 'a-b', 'a--b', '-a', 'a.b', 'A', ''].map(isAcName), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual(['example.com/web_1~a', 'a..b', 'a/', 'Example', ''].map(isAcIdentifier), [
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('anything has an identifier', () => {
  const names = ['nginx', 'My Image', '..', 'a__b--c', 'docker.io/library/nginx', 'é', '/x/'];
  assert.deepEqual(names.map(acIdentifierOf), [
    'nginx',
    'my-image',
    'image',
    'a_b-c',
    'docker.io/library/nginx',
    'image',
    'x',
  ]);
  for (const name of names) assert.ok(isAcIdentifier(acIdentifierOf(name)), name);
});

test('annotations are what appc has: others are left out', () => {
  const values = {
    'example.com/tier': 'front',
    Upper: 'x',
    created: '2015-05-18T13:49:28.35-04:00',
    homepage: 'https://example.com',
    documentation: 'ftp://example.com',
  };
  assert.deepEqual(
    annotationsOf(values).map(({ name }) => name),
    ['example.com/tier', 'created', 'homepage'],
  );
  assert.deepEqual(annotationsOf({ created: 'yesterday' }), []);
  assert.deepEqual(annotationsOf(), []);
});

test("an app's annotation takes the place of the image's, a new one comes last", () => {
  const image = [
    { name: 'a', value: '1' },
    { name: 'b', value: '2' },
  ];
  const app = [
    { name: 'c', value: '3' },
    { name: 'a', value: '9' },
  ];
  assert.deepEqual(mergeAnnotations(image, app), [
    { name: 'a', value: '9' },
    { name: 'b', value: '2' },
    { name: 'c', value: '3' },
  ]);
});
