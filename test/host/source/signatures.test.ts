import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSigners, type Signers } from '../../../stages/stage0/source/signature.ts';
import { openSource, readText, Repository, useFolder } from './repository.ts';

const dir = useFolder();
let count = 0;

function newKey(name: string): string {
  const path = join(dir, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
  return path;
}

function signersOf(lines: readonly string[]): Signers {
  const path = join(dir, `signers-${count++}`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return readSigners(path);
}

const lineOf = (key: string, who: string, options = 'namespaces="git"'): string =>
  `${who} ${options} ${readFileSync(`${key}.pub`, 'utf8').trim()}`;

const known = newKey('known');
const stranger = newKey('stranger');
const signers = signersOf([lineOf(known, 'alice@example.org')]);

function newRoot(): string {
  const root = join(dir, `root-${count++}`);
  mkdirSync(root);
  return root;
}

/** With one commit, signed by the key if there is one. */
function newRepository(key?: string): Repository {
  const repository = new Repository(join(dir, `repository-${count++}`));
  repository.write('a', 'x');
  if (key === undefined) repository.commit();
  else sign(repository, key);
  return repository;
}

function sign(repository: Repository, key: string): string {
  repository.git('config', 'gpg.format', 'ssh');
  repository.git('config', 'user.signingKey', key);
  return repository.commit('--gpg-sign');
}

test('a commit that an allowed signer has signed is taken, and who it was is told', async () => {
  using source = await openSource(newRoot(), newRepository(known).url(), { signers });
  assert.equal(source.revision.signer, 'alice@example.org');
  assert.equal(readText(join(source.folder, 'a')), 'x');
});

test('no signature, a stranger’s, one for something else and one that ran out are refused', async () => {
  const refused = { code: 'source/signature' };
  await assert.rejects(openSource(newRoot(), newRepository().url(), { signers }), refused, 'none');
  await assert.rejects(openSource(newRoot(), newRepository(stranger).url(), { signers }), refused, 'stranger');
  for (const options of ['namespaces="file"', 'namespaces="git",valid-before="20250101"']) {
    const others = signersOf([lineOf(known, 'alice@example.org', options)]);
    await assert.rejects(openSource(newRoot(), newRepository(known).url(), { signers: others }), refused, options);
  }
  await assert.rejects(openSource(newRoot(), newRepository(known).url(), { signers: signersOf([]) }), refused, 'empty');
});

test('a signature of another commit is none of this one', async () => {
  const repository = newRepository(known);
  const raw = repository.git('cat-file', 'commit', 'HEAD');
  repository.write('a', 'evil');
  repository.git('add', '--all');
  const tree = repository.git('write-tree');
  const forged = `${raw.replace(/^tree [0-9a-f]+/, `tree ${tree}`)}\n`;
  const commit = repository.gitWith(forged, 'hash-object', '-t', 'commit', '-w', '--stdin');
  repository.git('update-ref', 'refs/heads/main', commit);
  await assert.rejects(openSource(newRoot(), repository.url(), { signers }), { code: 'source/signature' });
});

test('a repository does not choose who may sign it, nor how that is found out', async () => {
  const repository = newRepository(stranger);
  const own = signersOf([lineOf(stranger, 'mallory@example.org')]);
  for (const [key, value] of [
    ['gpg.ssh.allowedSignersFile', own.path],
    ['gpg.ssh.program', '/bin/true'],
    ['gpg.program', '/bin/true'],
  ] as const)
    repository.git('config', key, value);
  await assert.rejects(openSource(newRoot(), repository.url(), { signers }), { code: 'source/signature' });
});

test('what was taken without a signature, or by other signers, is looked at again', async () => {
  const repository = newRepository(stranger);
  const root = newRoot();
  (await openSource(root, repository.url()))[Symbol.dispose]();
  await assert.rejects(openSource(root, repository.url(), { signers }), { code: 'source/signature' });
  const both = signersOf([lineOf(stranger, 'bob@example.org')]);
  using source = await openSource(root, repository.url(), { signers: both });
  assert.equal(source.revision.signer, 'bob@example.org');
});

test('a revision that is refused leaves the one before it current', async () => {
  const repository = newRepository(known);
  const root = newRoot();
  const { folder } = await openAndClose(root, repository);
  repository.write('a', 'evil');
  sign(repository, stranger);
  await assert.rejects(openSource(root, repository.url(), { signers }), { code: 'source/signature' });
  assert.equal(readText(join(folder, 'a')), 'x');
  repository.write('a', 'better');
  sign(repository, known);
  await openAndClose(root, repository);
  assert.equal(readText(join(folder, 'a')), 'better');
});

test('a file of signers that is not there is told', () => {
  assert.throws(() => readSigners(join(dir, 'none')), { code: 'source/signature' });
});

async function openAndClose(root: string, repository: Repository): Promise<{ folder: string }> {
  using source = await openSource(root, repository.url(), { signers });
  return { folder: source.folder };
}
