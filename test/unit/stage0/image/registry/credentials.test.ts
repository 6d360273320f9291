import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Credentials, credentialsFor } from '../../../../../stages/stage0/image/registry/credentials.ts';
import { parseRegistryName } from '../../../../../stages/stage0/image/registry/name.ts';

let home: string;
let path: string;
const searched = process.env['PATH'];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pod-credentials-'));
  mkdirSync(join(home, '.docker'));
  path = join(home, '.docker/config.json');
  process.env['PATH'] = `${home}:${searched}`;
});

afterEach(() => {
  process.env['PATH'] = searched;
  rmSync(home, { recursive: true });
});

function auth(user: string): object {
  return { auth: Buffer.from(`${user}:secret`).toString('base64') };
}

async function userFor(name: string, file: object): Promise<string | undefined> {
  writeFileSync(path, JSON.stringify(file));
  const found: Credentials | undefined = await credentialsFor(parseRegistryName(name, name), { HOME: home });
  return found && 'user' in found ? found.user : undefined;
}

function addHelper(name: string): void {
  const program = join(home, `docker-credential-${name}`);
  writeFileSync(program, `#!/bin/sh\nread host\necho '{"Username":"${name}","Secret":"s"}'\n`);
  chmodSync(program, 0o755);
}

test('keys are understood as docker wrote them through the years', async () => {
  for (const key of ['h.test:5000', 'https://h.test:5000', 'https://h.test:5000/v1/', 'http://h.test:5000/v2/'])
    assert.equal(await userFor('h.test:5000/team/app', { auths: { [key]: auth('ada') } }), 'ada', key);
  for (const key of ['h.test', 'https://h.test:5001', 'https://other.test/h.test:5000', 'h.test:5000/tea'])
    assert.equal(await userFor('h.test:5000/team/app', { auths: { [key]: auth('ada') } }), undefined, key);
  for (const name of ['docker.io/nginx', 'index.docker.io/nginx'])
    assert.equal(await userFor(name, { auths: { 'https://index.docker.io/v1/': auth('ada') } }), 'ada');
});

test('the helper of a host counts more than an entry, which counts more than the helper of all hosts', async () => {
  addHelper('one');
  addHelper('all');
  const auths = { 'h.test': auth('ada') };
  assert.equal(await userFor('h.test/app', { auths, credHelpers: { 'h.test': 'one' }, credsStore: 'all' }), 'one');
  assert.equal(await userFor('h.test/app', { auths, credHelpers: { 'i.test': 'one' }, credsStore: 'all' }), 'ada');
  assert.equal(await userFor('h.test/app', { auths: { 'h.test': {} }, credsStore: 'all' }), 'all');
});

test('what is no file of credentials is not waited for, and not read to its end', { timeout: 60_000 }, async () => {
  const refused = (): Promise<void> =>
    assert.rejects(credentialsFor(parseRegistryName('h.test/app', ''), { HOME: home }), { code: 'image/denied' });
  execFileSync('mkfifo', [path]);
  await refused();
  rmSync(path);
  writeFileSync(path, '{}');
  truncateSync(path, 4 * 1024 ** 3);
  await refused();
});
