import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { environment } from '../../../stages/stage0/test.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { PROBE } from '../../harness/paths.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { writeLayout } from '../image/workspace.ts';
import { Folder } from '../run/kept-runs.ts';

const root = useTempRoot();
const folder = new Folder();
const { dir } = folder;
const LAYER = archive({ path: 'probe', mode: 0o755, content: readFileSync(PROBE) });
const layout = (version: number): void =>
  writeLayout(join(dir, `image${version}`), { layers: [LAYER], config: { Env: [`VERSION=${version}`] } });

const MANIFEST = `apiVersion: pod/v1
kind: Pod
metadata: {name: app}
apps:
  - name: main
    image: oci:./image
    exec: [/probe, hold, "1"]
`;

test('the images of an environment are kept to the lock, wherever it is', async () => {
  writeFileSync(join(dir, 'app.pod.yaml'), MANIFEST);
  layout(1);
  layout(2);
  renameSync(join(dir, 'image1'), join(dir, 'image'));
  await podOk(['lock', dir], { root });
  const manifests = 'app.pod.yaml';
  const elsewhere = join(dir, 'elsewhere.lock');
  renameSync(join(dir, 'pod.lock'), elsewhere);
  const locked = environment('locked', { root, baseDir: dir, manifests, lock: 'elsewhere.lock' });
  const free = environment('free', { root, baseDir: dir, manifests });
  for (const stack of [locked, free]) await (await stack.clone()).dispose();
  renameSync(join(dir, 'image'), join(dir, 'image1'));
  renameSync(join(dir, 'image2'), join(dir, 'image'));
  await assert.rejects(
    locked.clone(),
    /use image "oci:.\/image": its digest is now sha256:[0-9a-f]+, but ".*elsewhere.lock" pins/,
  );
  await (await free.clone()).dispose();
  renameSync(elsewhere, join(dir, 'pod.lock'));
  await assert.rejects(free.clone(), /".*pod.lock" pins/);
  await assert.rejects(
    environment('locked', { root, baseDir: dir, manifests, lock: 'no-such.lock' }).clone(),
    /read ".*no-such.lock": no such file/,
  );
  writeFileSync(elsewhere, '{"version": 1, "images": {}}');
  await assert.rejects(
    environment('locked', { root, baseDir: dir, manifests, lock: 'elsewhere.lock' }).clone(),
    /elsewhere.lock" does not pin it/,
  );
});
