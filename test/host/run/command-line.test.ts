import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

test('validate shows a folder that cannot be read among the findings', async () => {
  const [empty, bad, good] = [join(root, 'empty'), join(root, 'bad.pod.yaml'), join(root, 'good.pod.yaml')];
  mkdirSync(empty);
  writeFileSync(bad, 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: bad}\nappz: []\n');
  writeFileSync(good, shellManifest('good', { a: 'true' }));
  const text = await pod(['validate', bad, empty, good], { root });
  assert.equal(text.exitCode, 1);
  assert.match(text.stdout, /\[manifest\/unknown-field\]/);
  assert.match(text.stdout, /find manifests in ".*empty".*\[manifest\/unreadable\]/);
  assert.match(text.stdout, /good\.pod\.yaml: ok\n/);
  const { exitCode, stdout } = await pod(['validate', '-o', 'json', bad, empty, good], { root });
  const codes = (JSON.parse(stdout) as { code: string }[]).map(({ code }) => code);
  assert.equal(exitCode, 1);
  assert.ok(codes.includes('manifest/unreadable') && codes.includes('manifest/unknown-field'), stdout);
});

test('validate finds what is wrong with isolators on every host, in the order of the lines', async () => {
  const path = join(root, 'isolators.pod.yaml');
  const lines = [
    'apiVersion: pod/v1',
    'kind: Pod',
    'metadata: {name: isolators}',
    'isolators:',
    '  resource/memory: {limit: 64Mi}',
    '  os/linux/sysctl: {vm.swappiness: 1}',
    'apps:',
    '  - name: a',
    '    image: host',
    '    isolators:',
    '      os/linux/seccomp-retain-set: {set: [opn]}',
    '      resource/memory: {limit: 128Mi, high: 1Mi}',
    '      resource/cpu: {request: 2, limit: 1}',
    '      resource/cpuset: {cpus: 4000}',
    '      os/linux/devices: {allow: [{path: /dev/not-here}]}',
    '',
  ];
  writeFileSync(path, lines.join('\n'));
  const { exitCode, stdout } = await pod(['validate', '-o', 'json', path], { root });
  const found = JSON.parse(stdout) as { code: string; line: number }[];
  assert.deepEqual(
    [exitCode, found.map(({ code, line }) => `${code} ${line}`)],
    [1, [6, 11, 12, 13].map((line) => `manifest/schema ${line}`)],
  );
});

test('a root that is empty is not the current directory', async () => {
  for (const args of [
    ['ps', '--root='],
    ['ps', '--root', ''],
  ]) {
    const { exitCode, stderr } = await pod(args, { cwd: root });
    assert.equal(exitCode, 2);
    assert.match(stderr, /--root "": the path is empty \[cli\/usage\]/);
  }
});

test('kill sends real-time signals, by name and number, and knows what a slip was to be', async () => {
  // dash knows their numbers only.
  const script = 'trap "echo got" 37; echo up; while :; do sleep 1000 & wait $!; done';
  await podOk(['run', '-d', '-'], { root, input: shellManifest('timed', { a: script }) });
  const logs = new PodProcess(root, ['logs', '-f', 'timed']);
  await logs.says('up\n');
  await podOk(['kill', '-s', 'SIGRTMIN+3', 'timed'], { root });
  await logs.says('up\ngot\n');
  await podOk(['kill', '-s', '37', 'timed'], { root });
  await logs.says('up\ngot\ngot\n');
  const { exitCode, stderr } = await pod(['kill', '-s', 'HUPP', 'timed'], { root });
  assert.equal(exitCode, 2);
  assert.match(stderr, /did you mean "SIGHUP"\?/);
  await podOk(['rm', '--force', 'timed'], { root });
  await logs.ended();
});

test('what is wrong is said in words that fit', async () => {
  await podOk(['run', '-d', '-'], { root, input: shellManifest('worded', { a: POLITE, b: POLITE }) });
  for (const [args, code, said] of [
    [['exec', 'worded', '--', ''], 127, /execute "": no such file or directory/],
    [['exec', '-u', '99999999', 'worded', '--', 'true'], 125, /the id is outside of the pod's ids/],
    [['exec', '-u', '0:99999999', 'worded', '--', 'true'], 125, /the id is outside of the pod's ids/],
    [['logs', '-p', 'worded'], 1, /none of its apps has a previous instance/],
    [['wait', 'worded', '--for', 'exit', '--timeout', '1ms'], 1, /wait for pod \S+ to exit: the time limit passed/],
    [['wait', 'worded', '--timeout', '30d'], 2, /^error: --timeout "30d": more than 24d/],
    [['status', 'worded', '--wait=30d'], 2, /^error: --wait "30d": more than 24d/],
    [['run', '--timeout', '30d', '-'], 125, /^error: --timeout "30d": more than 24d/],
    [['wait', 'worded', '--for', 'deleted', '--timeout', '1ms'], 1, /to be deleted: the time limit passed/],
    [['generate'], 2, /what to generate is missing: kube or systemd/],
    [['run', '--detach-keys', 'a', '-'], 125, /--detach-keys goes with -i/],
    [['kill', '-s', 'CONT', 'no-one', 'worded', 'no-two'], 1, /"no-one"[^]*"no-two"/],
  ] as const) {
    const { exitCode, stderr } = await pod(args, { root });
    assert.match(stderr, said);
    assert.equal(exitCode, code, stderr);
  }
  await podOk(['rm', '--force', 'worded'], { root });
});

test('a current directory that was removed is told as such', async () => {
  for (const [args, code] of [
    [['run', '-'], 125],
    [['ps', '--root', 'below'], 1],
    [['validate', '.'], 1],
  ] as const) {
    const gone = join(root, 'gone');
    mkdirSync(gone);
    const { exitCode, stdout, stderr } = await pod(args, {
      ...(args[0] === 'ps' ? {} : { root }),
      input: shellManifest('gone', { a: 'true' }),
      wrapper: ['/bin/sh', '-c', `cd ${gone} && rmdir ${gone} && exec "$@"`, 'sh'],
    });
    assert.match(stderr + stdout, /find the current directory: .* \[host\/refused\]/);
    assert.equal(exitCode, code);
  }
});

test('explain knows fields as errors write them, isolators and codes, and what a slip was to be', async () => {
  const { stdout: error } = await pod(['validate', '-'], {
    root,
    input: shellManifest('x', { a: { script: '', restart: { policy: 'maybe' } } }),
  });
  const place = /error: (\S+): /.exec(error)?.[1];
  assert.equal(place, 'apps[0].restart.policy');
  assert.match(
    await podOk(['explain', place], { root }),
    /^apps\.restart\.policy\n {2}never, on-failure, always, default "never"\n/,
  );
  assert.match(await podOk(['explain', 'resource/pids'], { root }), /\nFields:\n {2}limit\n? /);
  assert.equal(
    await podOk(['explain', 'manifest/cycle'], { root }),
    'manifest/cycle: Apps wait for each other in a cycle.',
  );
  const fields = JSON.parse(await podOk(['explain', '-o', 'json'], { root })).fields as { name: string }[];
  assert.ok(fields.some(({ name }) => name === 'apps'));
  for (const [slip, hint] of [
    ['apps.restrt', 'restart'],
    ['manifest/cycl', 'manifest/cycle'],
    ['resource/memry', 'resource/memory'],
  ]) {
    const { exitCode, stderr } = await pod(['explain', slip!], { root });
    assert.deepEqual([exitCode, stderr.includes(`did you mean "${hint}"?`)], [2, true], stderr);
  }
});
