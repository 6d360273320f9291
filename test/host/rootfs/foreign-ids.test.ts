import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { PodErrors } from '../../../stages/stage0/error.ts';
import { PROBE } from '../../harness/paths.ts';
import { pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { writeLayout } from '../image/workspace.ts';
import { type Json, startShellPod } from './shell-pod.ts';

const root = useTempRoot();
const scratch = mkdtempSync('/var/tmp/pod-foreign-ids-');
after(() => rmSync(scratch, { recursive: true, force: true }));

before(() => {
  mkdirSync(`${scratch}/image/etc`, { recursive: true });
  cpSync(PROBE, `${scratch}/image/probe`);
  writeFileSync(`${scratch}/image/etc/passwd`, 'far:x:70000:70000::/:/bin/sh\nnear:x:7:7::/:/bin/sh\n');
  writeFileSync(`${scratch}/image/etc/group`, 'far:x:70000:\nextra:x:80000:near\n');
  writeLayout(`${scratch}/layout`, { layers: [archive({ path: 'x' })], config: { User: '70000', Cmd: ['/x'] } });
});

async function refusalOf(app: Json, pod: Json = {}): Promise<string> {
  const refused = await startShellPod(root, { app: { image: `dir:${scratch}/image`, ...app }, pod }).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(refused instanceof PodErrors, String(refused));
  const [error, ...others] = refused.errors;
  assert.deepEqual(others, []);
  assert.equal(error!.code, 'host/unsupported');
  assert.ok(error!.at);
  return error!.message;
}

test('a user or group of the image that the pod has no id for is refused by its number', async () => {
  assert.match(await refusalOf({ user: 'far' }), /user 70000.*65536 ids/);
  assert.match(await refusalOf({ user: '7', group: 'far' }), /group 70000/);
  assert.match(await refusalOf({ user: 'near' }), /group 80000/);
  assert.match(await refusalOf({ user: 'near' }, { userns: { size: 7 } }), /user 7\b.* 7 ids/);
  assert.match(await refusalOf({ image: `oci:${scratch}/layout` }), /user 70000/);
});

test('an image with owners that the pod has no id for is warned of at its line, each time', async () => {
  const probe = { path: 'probe', mode: 0o755, content: readFileSync(PROBE) };
  writeLayout(`${scratch}/owners`, {
    layers: [archive(probe, { path: 'far', uid: 7, gid: 70000 }), archive({ path: 'near', uid: 65535 })],
  });
  const manifest = (userns: string): string =>
    [
      'apiVersion: pod/v1',
      'kind: Pod',
      'metadata: {name: owners}',
      'network: {mode: none}',
      `userns: ${userns}`,
      'apps:',
      '  - {name: a, image: "oci:./owners", exec: [/probe, report]}',
      '',
    ].join('\n');
  const warnings = async (userns: string): Promise<string> => {
    const file = `${scratch}/owners.yaml`;
    writeFileSync(file, manifest(userns));
    const { exitCode, stderr } = await pod(['run', '--rm', file], { root });
    assert.equal(exitCode, 0, stderr);
    return stderr;
  };
  for (let time = 0; time < 2; time++)
    assert.match(await warnings('auto'), /^warning: .*owners\.yaml:7:\d+: .*70000.*ids below 65536/m);
  assert.match(await warnings('{size: 80}'), /70000.*ids below 80/);
  assert.doesNotMatch(await warnings('host'), /warning/);
});
