import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { PodError, run } from '../../../stages/stage0/index.ts';
import { PROBE } from '../../harness/paths.ts';
import type { ProbeReport } from '../../harness/probe-report.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { writeLayout } from './workspace.ts';

const root = useTempRoot();
const scratch = mkdtempSync('/var/tmp/pod-working-directory-');
after(() => rmSync(scratch, { recursive: true, force: true }));

const layer = archive(
  { path: 'probe', mode: 0o755, content: readFileSync(PROBE) },
  { path: 'up', type: '2', linkPath: '../../../..' },
  { path: 'out', type: '2', linkPath: `../../../..${scratch}` },
  { path: 'file' },
);
let made = 0;

/** Where the app of an image with that working directory finds itself. */
async function cwdOf(workingDirectory: string, app: object = {}): Promise<string> {
  const image = `${scratch}/image-${made++}`;
  writeLayout(image, { layers: [layer], config: { WorkingDir: workingDirectory } });
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'cwd' }, network: { mode: 'none' } };
  const main = { name: 'main', image: `oci:${image}`, exec: ['/probe', 'report'], ...app };
  await using pod = await run({ ...manifest, apps: [main] }, { root });
  const exitCode = await pod.exit;
  const text = pod
    .logs()
    .map((line) => line.text)
    .join('');
  assert.equal(exitCode, 0, text);
  return (JSON.parse(text) as ProbeReport).cwd!;
}

test('a working directory that the image names and does not have is made, and nothing outside', async () => {
  assert.equal(await cwdOf('/srv/app'), '/srv/app');
  assert.equal(await cwdOf('srv/app', { readOnlyRootFS: true }), '/srv/app');
  assert.equal(await cwdOf('/up/app'), '/app');
  assert.equal(await cwdOf('/../..//srv/./app/'), '/srv/app');
});

test('one that cannot be made is an error at the image, and one that the manifest names is not made', async () => {
  const isRefused = (says: RegExp) => (error: unknown) =>
    error instanceof PodError && error.at !== undefined && says.test(error.message);
  await assert.rejects(cwdOf('/file/x'), isRefused(/make the image's working directory "\/file\/x"/));
  await assert.rejects(cwdOf('/out/app'), isRefused(/make the image's working directory/));
  assert.ok(!readdirSync(scratch).includes('app'));
  await assert.rejects(cwdOf('/srv', { workingDirectory: '/nowhere' }), isRefused(/change to working directory/));
});
