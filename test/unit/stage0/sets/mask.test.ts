import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mask } from '../../../../stages/stage0/sets/mask.ts';

test('values whose name tells that they are secret are not shown, only that they differ', () => {
  const before = { apps: [{ env: { DB_PASSWORD: 'one', API_TOKEN: 'same', PORT: '80', AUTHOR: 'me' } }] };
  const after = { apps: [{ env: { DB_PASSWORD: 'two', API_TOKEN: 'same', PORT: '81', AUTHOR: 'me' } }] };
  assert.deepEqual(mask(before, after, 'before'), {
    apps: [{ env: { DB_PASSWORD: '*** (before)', API_TOKEN: '***', PORT: '80', AUTHOR: 'me' } }],
  });
  assert.deepEqual(mask(after, before, 'after'), {
    apps: [{ env: { DB_PASSWORD: '*** (after)', API_TOKEN: '***', PORT: '81', AUTHOR: 'me' } }],
  });
});

test('files that hold keys are not shown', () => {
  const files = { 'tls.key': 'KEY', 'conf/.env': 'A=b', 'app.conf': 'listen 80' };
  assert.deepEqual(mask({ files }, undefined, 'after'), {
    files: { 'tls.key': '***', 'conf/.env': '***', 'app.conf': 'listen 80' },
  });
});

test('passwords in URLs, in texts and behind options are not shown', () => {
  const exec = ['/run', '--url=postgres://me:hunter2@db/x', '--password', 'hunter2', '--token=hunter2', 'plain'];
  const files = { 'app.conf': 'password = "hunter2"\nport = 80\n' };
  const masked = JSON.stringify(mask({ exec, files }, undefined, 'after'));
  assert.doesNotMatch(masked, /hunter2/);
  assert.match(masked, /postgres:\/\/me:\*\*\*@db\/x/);
  assert.match(masked, /plain/);
  assert.match(masked, /port = 80/);
});

test('only what a person named is judged by its name', () => {
  assert.deepEqual(mask({ token: 'x', workingDirectory: '/secret' }, undefined, 'after'), {
    token: 'x',
    workingDirectory: '/secret',
  });
});

test('keys, tokens and logins of every kind are not shown; what only sounds like them is', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter2-hunter2';
  const pem = '-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n';
  const env = {
    SIGNING_KEY: 'hunter2',
    STRIPE_KEY: 'hunter2',
    KEY: 'hunter2',
    DB_PASS: 'hunter2',
    DATABASE_DSN: 'hunter2',
    JWT: 'hunter2',
    SESSION: jwt,
    CERT: pem,
  };
  const exec = [
    'curl',
    '-u',
    'me:hunter2',
    '-H',
    'Authorization: Bearer hunter2-hunter2',
    '-d',
    'pwd=hunter2',
    'passphrase: hunter2',
  ];
  const files = { 'request.txt': 'Authorization: hunter2-hunter2\nHost: example.com\n' };
  assert.match(JSON.stringify(mask({ files }, undefined, 'after')), /\*\*\*\\nHost: example.com/);
  const headers = { 'X-Auth': 'hunter2', 'X-Api-Key': 'hunter2' };
  assert.doesNotMatch(JSON.stringify(mask({ env, exec, headers, files }, undefined, 'after')), /hunter2/);
  const plain = {
    env: { PUBLIC_KEY: 'a', KEYBOARD: 'b', KEY_FILE: '/run/key', COMPASS: 'n', MONKEYS: '3', AUTHOR: 'x' },
    exec: ['id', '-u', 'www-data', '--basic', 'auth'],
  };
  assert.deepEqual(mask(plain, undefined, 'after'), plain);
});
