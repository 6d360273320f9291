import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { aciOf, manifestOf } from '../image/aci-fixture.ts';
import { RANGE, USER, withRange } from './normal-user.ts';

const scratch = mkdtempSync('/var/tmp/pod-user-');
const wrapper = withRange(scratch);
const root = useTempRoot({ uid: USER, wrapper });
const as = { root, wrapper };

chmodSync(scratch, 0o755);
after(() => rmSync(scratch, { recursive: true }));

test("an ACI of a normal user's keeps its owners, within the user's range", async () => {
  const secret = { path: 'secret', mode: 0o600, uid: 33, gid: 34, content: 'x' };
  writeFileSync(`${scratch}/a.aci`, aciOf(manifestOf(), secret));
  assert.match(await podOk(['fetch', `aci:${scratch}/a.aci`], as), /^sha512:[0-9a-f]{128}$/);
  const [layer] = readdirSync(`${root}/images/layers`);
  const { uid, gid } = lstatSync(`${root}/images/layers/${layer}/secret`);
  assert.deepEqual([uid, gid], [RANGE.first + 32, RANGE.first + 33]);
});

test('all that is wrong with the manifest of an ACI is told to a normal user too', async () => {
  writeFileSync(`${scratch}/b.aci`, aciOf(manifestOf({ exec: [''], user: 1 }, { acVersion: 'y' })));
  const { exitCode, stderr } = await pod(['fetch', `aci:${scratch}/b.aci`], as);
  assert.notEqual(exitCode, 0);
  for (const place of ['app.exec[0]', 'app.user', 'acVersion']) assert.ok(stderr.includes(place), stderr);
});
