import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenge } from '../../../../../stages/stage0/image/registry/challenge.ts';

test('a challenge for a token has a realm, and may have a service', () => {
  assert.deepEqual(
    parseChallenge('Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a:pull"'),
    {
      scheme: 'bearer',
      realm: 'https://auth.test/token',
      service: 'registry.test',
    },
  );
  assert.deepEqual(parseChallenge('bearer REALM = "https://a/" , Error=invalid_token'), {
    scheme: 'bearer',
    realm: 'https://a/',
  });
});

test('of several challenges, one that can be answered is found', () => {
  const basic = { scheme: 'basic' };
  assert.deepEqual(parseChallenge('Basic realm="a, b"'), basic);
  assert.deepEqual(parseChallenge('Negotiate, Basic'), basic);
  assert.deepEqual(parseChallenge('Digest qop="auth", realm="x", Basic realm="y"'), basic);
  assert.deepEqual(parseChallenge('Basic realm="x", Bearer realm="https://a/"'), {
    scheme: 'bearer',
    realm: 'https://a/',
  });
});

test('quotes end where they do, and not before', () => {
  assert.deepEqual(parseChallenge(String.raw`Bearer realm="https://a/\"x\\",service="s"`), {
    scheme: 'bearer',
    realm: String.raw`https://a/"x\ `.trim(),
    service: 's',
  });
});

test('what is malformed, and what nobody can answer, is no challenge', () => {
  for (const header of [
    undefined,
    '',
    ',',
    '=',
    'realm="x"',
    'Negotiate',
    'Bearer',
    'Bearer realm="unfinished',
    '"Basic"',
  ]) {
    assert.equal(parseChallenge(header), undefined, header);
  }
});

test('a header made to be slow is not', () => {
  const startMs = performance.now();
  for (const part of ['Bearer ', 'a="', '\\', ',', 'a=', ' ']) {
    parseChallenge(`Bearer ${part.repeat(8_000 / part.length)}`);
    parseChallenge(`Bearer ${part.repeat(1_000_000)}`);
  }
  // Generous: the machine may be busy. What looks at each part again and again takes hours.
  assert.ok(performance.now() - startMs < 10_000);
});
