import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PodError } from '../../../stages/stage0/error.ts';
import { locateRepository } from '../../../stages/stage0/source/local.ts';
import { cacheOf, openSource, readText, useSources } from './repository.ts';

const { dir, newRepository, newRoot } = useSources();

test('a manifest that is a link out of the repository is refused; elsewhere such a link is left out and told', async () => {
  const repository = newRepository();
  for (const target of ['/etc/passwd', '../../../../../../../../etc/passwd', 'deep/../../../etc']) {
    repository.commitTree([
      ['120000', 'web.pod.yaml', target],
      ['100644', 'b.pod.yaml', 'x'],
    ]);
    await assert.rejects(openSource(newRoot(), repository.url()), { code: 'source/hostile' }, target);
  }
  const repository2 = newRepository();
  execFileSync('ln', ['-s', '/etc/passwd', join(repository2.dir, 'elsewhere')]);
  repository2.write('prod/a', 'a');
  repository2.commit();
  const warnings: PodError[] = [];
  const onWarning = (warning: PodError): unknown => warnings.push(warning);
  using source = await openSource(newRoot(), repository2.url('//prod'), { onWarning });
  assert.deepEqual(
    [readdirSync(source.folder), warnings.map(({ code }) => code), existsSync(join(source.folder, '../elsewhere'))],
    [['a'], ['source/hostile'], false],
  );
});

test('trees that git would not make are refused and leave nothing', async () => {
  for (const entries of [
    [['100644', '..', 'x']],
    [['100644', '.git', 'x']],
    [['100644', '.GIT', 'x']],
    [
      ['120000', 'a', 'b'],
      ['100644', 'a', 'x'],
    ],
  ] as const) {
    const repository = newRepository();
    repository.commitTree(entries);
    const root = newRoot();
    await assert.rejects(openSource(root, repository.url()), (error) => {
      assert.ok(error instanceof PodError);
      return error.code === 'source/hostile' || error.code === 'source/unreachable';
    });
    assert.deepEqual(readdirSync(cacheOf(root)), ['origin']);
  }
});

test('hooks, filters, line ends and submodules of a repository do nothing', async () => {
  const repository = newRepository();
  const evil = join(dir, 'evil-ran');
  const script = `#!/bin/sh\ntouch ${evil}\ncat\n`;
  repository.write('evil.sh', script, 0o755);
  repository.write('.gitattributes', '*.txt filter=evil text eol=crlf ident\n*.bin filter=lfs\n');
  repository.write('a.txt', 'one $Id$\ntwo\n');
  repository.write('.gitmodules', '[submodule "m"]\n\tpath = m\n\turl = ext::sh -c evil\n');
  repository.write('b.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
  repository.git('add', '--all');
  repository.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},m`);
  repository.git('commit', '--quiet', '--message', 'x');
  for (const name of ['post-checkout', 'pre-receive', 'reference-transaction', 'post-upload-pack']) {
    mkdirSync(join(repository.dir, '.git/hooks'), { recursive: true });
    writeFileSync(join(repository.dir, '.git/hooks', name), script);
    chmodSync(join(repository.dir, '.git/hooks', name), 0o755);
  }
  for (const [key, value] of [
    ['filter.evil.smudge', join(repository.dir, 'evil.sh')],
    ['uploadpack.packObjectsHook', join(repository.dir, 'evil.sh')],
    ['core.fsmonitor', join(repository.dir, 'evil.sh')],
    ['core.sshCommand', join(repository.dir, 'evil.sh')],
  ] as const)
    repository.git('config', key, value);
  const warnings: PodError[] = [];
  using source = await openSource(newRoot(), repository.url(), { onWarning: (warning) => warnings.push(warning) });
  assert.equal(readText(join(source.folder, 'a.txt')), 'one $Id$\ntwo\n');
  assert.match(readText(join(source.folder, 'b.bin')), /^version/);
  assert.equal(existsSync(evil), false);
  assert.match(warnings[0]!.message, /"m" is a submodule/);
  await locateRepository(repository.dir, 'main');
  assert.equal(existsSync(evil), false);
});

test('a repository of another user is refused as git refuses it, with what to do', async () => {
  const repository = newRepository();
  repository.write('a', 'x');
  repository.commit();
  execFileSync('chown', ['-R', '12345', repository.dir]);
  await assert.rejects(openSource(newRoot(), repository.url()), (error) => {
    assert.ok(error instanceof PodError);
    assert.equal(error.code, 'source/unreachable');
    assert.match(error.hint!, /safe\.directory/);
    return true;
  });
});

test('an environment cannot lead git elsewhere', async () => {
  const repository = newRepository();
  repository.write('a', 'x');
  repository.commit();
  const evil = join(dir, 'askpass-ran');
  const others = {
    GIT_DIR: '/nonexistent',
    GIT_ALLOW_PROTOCOL: 'ext',
    GIT_ASKPASS: `/usr/bin/touch ${evil}`,
    GIT_TRACE: join(dir, 'trace'),
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'core.hooksPath',
    GIT_CONFIG_VALUE_0: dir,
  };
  Object.assign(process.env, others);
  try {
    using source = await openSource(newRoot(), repository.url());
    assert.equal(readText(join(source.folder, 'a')), 'x');
  } finally {
    for (const name of Object.keys(others)) delete process.env[name];
  }
  assert.deepEqual([existsSync(evil), existsSync(join(dir, 'trace'))], [false, false]);
});
