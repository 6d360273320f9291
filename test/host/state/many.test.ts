import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { execa } from 'execa';
import { copyExited, countPods } from '../../harness/copied-pods.ts';
import { cliEnvironment, commandLine, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const FEW = 60;
/** 1000 is what the claim "in seconds" is about. */
const MANY = Number(process.env['POD_GC_PODS'] ?? 240);
const MANIFEST = JSON.stringify({
  apiVersion: 'pod/v1',
  kind: 'Pod',
  metadata: { name: 'copied' },
  volumes: [{ name: 'data', kind: 'empty' }],
  apps: [
    {
      name: 'app',
      image: 'host',
      exec: ['/bin/sh', '-c', 'mkdir -p /tmp/a/b; for i in 1 2 3 4 5; do echo $i >/tmp/a/$i; done'],
      mounts: [{ volume: 'data', path: '/data' }],
      ports: [{ name: 'http', port: 80, hostPort: 28_123, hostIP: '127.0.0.1' }],
    },
  ],
});

/** System calls of one `pod gc` that removes so many pods, a fifth of which still hold their addresses and ports. */
async function callsToRemove(count: number): Promise<number> {
  const original = await podOk(['run', '-d', '-'], { root, input: MANIFEST });
  await podOk(['wait', original], { root });
  copyExited(root, original, count - 1, (index) => index % 5 === 0);
  assert.equal(countPods(root), count);
  const summary = `${root}.calls`;
  const gc = [process.execPath, ...commandLine(['gc', '--grace', '0s', '-q'], root)];
  await execa('strace', ['-qq', '-c', '-o', summary, ...gc], { env: cliEnvironment(), extendEnv: false });
  const [, calls] = /^100\.00\s+\S+\s+\S+\s+(\d+)/m.exec(readFileSync(summary, 'utf8'))!;
  rmSync(summary);
  return Number(calls);
}

test(`gc of ${MANY} exited pods leaves nothing of any, and takes no more calls for each than gc of ${FEW}`, async () => {
  const few = (await callsToRemove(FEW)) / FEW;
  const many = (await callsToRemove(MANY)) / MANY;
  assert.ok(many < few * 1.1, `${few} calls a pod, then ${many}`);
  assert.equal(countPods(root), 0);
  for (const kind of readdirSync(`${root}/claims`)) assert.deepEqual(readdirSync(`${root}/claims/${kind}`), [], kind);
});
