import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { type GitReference, nameOfSource, originOf, parseSource } from '../../../../stages/stage0/source/reference.ts';

function git(text: string, ref?: string): GitReference {
  const reference = parseSource(text, ref);
  assert.ok(reference.kind === 'git', text);
  return reference;
}

function refusal(text: string, ref?: string): PodError {
  try {
    parseSource(text, ref);
  } catch (error) {
    assert.ok(error instanceof PodError, String(error));
    assert.equal(error.code, 'source/reference', text);
    return error;
  }
  throw new assert.AssertionError({ message: `${text} (${ref}) was taken` });
}

test('a path is a folder, whatever is in it', () => {
  for (const path of ['prod', './a//b', '/srv/x?ref=y', 'https://host/x', 'git'])
    assert.deepEqual(parseSource(path), { kind: 'folder', path });
});

test('a repository, a path in it and a ref are told apart', () => {
  assert.deepEqual(git('git+https://host/org/repo.git//deploy/prod?ref=v1.2'), {
    kind: 'git',
    transport: 'https',
    url: 'https://host/org/repo.git',
    path: 'deploy/prod',
    ref: 'v1.2',
  });
  const { url, path, ref } = git('git+ssh://git@host:2222/repo');
  assert.deepEqual([url, path, ref], ['ssh://git@host:2222/repo', '', undefined]);
  assert.deepEqual(git('git+file:///srv/repo//a').url, 'file:///srv/repo');
  assert.equal(git('git+https://host/r//./a//b/?ref=x').path, 'a/b');
  assert.equal(git('git+https://host/r//a%20b').path, 'a b');
  assert.equal(git('git+https://host/r?ref=feature%2Fx').ref, 'feature/x');
  assert.equal(git('git+https://host/r', 'main').ref, 'main');
});

test('the origin leaves the ref out, and the name is the last word', () => {
  const reference = git('git+https://host/repo.git//deploy/prod?ref=x');
  assert.equal(originOf(reference), 'git+https://host/repo.git//deploy/prod');
  assert.equal(nameOfSource(reference), 'prod');
  assert.equal(nameOfSource(git('git+https://host/org/repo.git')), 'repo');
});

test('what could be an option, a pattern or an expression is no ref', () => {
  for (const ref of [
    '',
    '-x',
    '--upload-pack=/bin/evil',
    'a..b',
    'a@{1}',
    'a^{commit}',
    'a~1',
    'a:b',
    'a b',
    'a*',
    'a?',
    'a[0]',
    '+main',
    '/a',
    'a/',
    'a//b',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a.',
    'a\\b',
    'a\nb',
    'x'.repeat(300),
  ]) {
    refusal('git+https://host/repo', ref);
    refusal('folder', ref);
    if (ref !== '') refusal(`git+https://host/repo?ref=${encodeURIComponent(ref)}`);
  }
});

test('other transports, programs as transports and options as hosts are refused', () => {
  for (const text of [
    'git+http://host/repo',
    'git+git://host/repo',
    'git+ext://sh -c evil',
    'git+ext::sh -c evil',
    'GIT+https://host/repo',
    'git+https:host/repo',
    'git+https://',
    'git+https://host',
    'git+https://host/',
    'git+https:///repo',
    'git+ssh://-oProxyCommand=evil/repo',
    'git+ssh://-u@host/repo',
    'git+ssh://user@-oProxyCommand=evil/repo',
    'git+file://host/repo',
    'git+file://repo',
    'git+https://host/re po',
    'git+https://host/repo\n//x',
    'git+https://host/repo#main',
    'git+https://host/repo?branch=x',
    'git+https://host/repo?ref=a&ref=b',
  ])
    refusal(text);
  refusal('git+https://host/repo?ref=a', 'b');
});

test('a path does not leave the repository, encoded or not', () => {
  for (const path of ['..', 'a/../..', '%2e%2e', 'a%2fb', 'a%00b', '%zz']) refusal(`git+https://host/repo//${path}`);
});

test('a password is refused, and not repeated', () => {
  const { message, hint } = refusal('git+https://user:s3cret@host/repo');
  assert.doesNotMatch(message + hint!, /s3cret/);
});
