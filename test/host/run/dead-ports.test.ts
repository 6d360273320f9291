import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const PORT = 18_481;

function manifestOf(name: string, exec: readonly string[]): string {
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name },
    apps: [{ name: 'main', image: 'host', exec, ports: [{ name: 'http', port: 80, hostPort: PORT }] }],
  });
}

/** As it is when its maker was killed: nobody has its lock. */
function leaveClaim(): string {
  const uuid = randomUUID();
  const path = join(root, 'pods/prepare', uuid);
  mkdirSync(path);
  writeFileSync(join(path, 'uuid'), uuid);
  writeFileSync(join(root, `claims/port/tcp-any-${PORT}`), uuid, { flag: 'wx' });
  return path;
}

test('a host port of a pod whose maker was killed is free for the next that wants it; that of one that runs is not', async () => {
  const job = { root, input: manifestOf('job', ['/bin/true']) };
  await podOk(['run', '--rm', '-'], job);
  const lost = leaveClaim();
  await podOk(['run', '--rm', '-'], job);
  assert.equal(existsSync(lost), false);
  const [uuid] = (await podOk(['run', '-d', '-'], { root, input: manifestOf('web', ['/bin/sleep', '1000']) })).split(
    '\n',
  );
  const refused = await pod(['run', '--rm', '-'], job);
  assert.equal(refused.exitCode, 125);
  assert.match(refused.stderr, new RegExp(`publish tcp port ${PORT}: pod ${uuid} has it`));
  await podOk(['rm', '--force', uuid!], { root });
  await podOk(['run', '--rm', '-'], job);
});
