import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { checkDigest, parseConfigFile } from '../../../../stages/stage0/image/config.ts';

const HEX = 'a'.repeat(64);

test('a configuration gives all that a run needs', () => {
  const file = parseConfigFile(
    {
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [`sha256:${HEX}`] },
      config: {
        Entrypoint: ['/init'],
        Cmd: ['-x'],
        Env: ['A=1', 'B=x=y', '__proto__=z', 'none'],
        User: 'web:www',
        WorkingDir: 'srv',
        StopSignal: 'quit',
        Volumes: { '/b': {}, '/a': {} },
      },
    },
    'test',
  );
  assert.deepEqual(file.diffIds, [`sha256:${HEX}`]);
  assert.deepEqual(
    { ...file.config, env: Object.entries(file.config.env) },
    {
      entrypoint: ['/init'],
      command: ['-x'],
      env: [
        ['A', '1'],
        ['B', 'x=y'],
        ['__proto__', 'z'],
      ],
      user: 'web:www',
      workingDirectory: '/srv',
      stopSignal: 'SIGQUIT',
      volumes: ['/a', '/b'],
    },
  );
});

test('labels are kept, and absent when there are none', () => {
  const labels = (Labels: unknown): unknown => parseConfigFile({ config: { Labels } }, 'test').config.labels;
  assert.deepEqual(labels({ maker: 'us', 'org.example': '' }), { maker: 'us', 'org.example': '' });
  assert.equal(labels({}), undefined);
  assert.throws(() => labels({ maker: 5 }), PodError);
});

test('absent and null fields are empty', () => {
  const { config } = parseConfigFile({ config: { Entrypoint: null, Env: null, User: '' } }, 'test');
  assert.deepEqual(config, { entrypoint: [], command: [], env: {}, volumes: [] });
});

test('a stop signal may be a number or lack its prefix', () => {
  const signal = (StopSignal: string): string | undefined =>
    parseConfigFile({ config: { StopSignal } }, 'test').config.stopSignal;
  assert.deepEqual(['3', 'SIGTERM', 'int', 'SIGRTMIN+3'].map(signal), ['SIGQUIT', 'SIGTERM', 'SIGINT', 'SIGRTMIN+3']);
  for (const wrong of ['99', 'NOPE', 'SIGTERM; rm']) assert.throws(() => signal(wrong), PodError);
});

test('values of a wrong type are corrupt', () => {
  const cases = [
    [],
    'x',
    { config: { Env: 'A=1' } },
    { config: { Cmd: [1] } },
    { config: { User: 5 } },
    { config: { Entrypoint: ['a\0b'] } },
    { rootfs: { diff_ids: ['x'] } },
  ];
  for (const json of cases)
    assert.throws(
      () => parseConfigFile(json, 'test'),
      (error) => error instanceof PodError && error.code === 'image/corrupt',
    );
});

test('only a sha256 digest in lower case is a digest', () => {
  assert.equal(checkDigest(`sha256:${HEX}`, 'test'), `sha256:${HEX}`);
  for (const digest of [
    'sha256:../../x',
    `sha256:${HEX.toUpperCase()}`,
    `sha512:${HEX}${HEX}`,
    'sha256:aa',
    `sha256:${HEX}\n`,
    undefined,
    5,
  ]) {
    assert.throws(() => checkDigest(digest, 'test'), PodError);
  }
});
