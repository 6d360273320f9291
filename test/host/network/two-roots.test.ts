import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { type CliResult, pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const roots = [useTempRoot(), useTempRoot()] as const;

const input = `apiVersion: pod/v1
kind: Pod
metadata: {name: web}
apps:
  - name: app
    image: host
    exec: [/bin/sleep, "1000"]
    ports:
      - {name: http, port: 80, hostPort: 18473, hostIP: 127.0.0.78}
`;

function start(root: string): Promise<CliResult> {
  return pod(['run', '-d', '-'], { root, input });
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** Not one that only has not been waited for. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/status`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

test('of two pods that want a port at once in two roots one gets it', async () => {
  for (let round = 0; round < 3; round++) {
    const [one, two] = await Promise.all(roots.map(start));
    const [winner, loser] = one!.exitCode === 0 ? [one!, two!] : [two!, one!];
    const [had, wanted] = winner === one ? roots : [roots[1], roots[0]];
    assert.deepEqual([winner.exitCode, loser.exitCode], [0, 125]);
    assert.match(loser.stderr, new RegExp(`:9:\\d+: error: .*pod ${winner.stdout.trim()} under --root ${had} has it`));
    await podOk(['rm', '--force', 'web'], { root: had });
    assert.equal(JSON.parse(await podOk(['ps', '-a', '-o', 'json'], { root: wanted })).length, 0);
  }
});

test('a pod of another root that died with its monitor gives its port to the next', async () => {
  const [one, two] = roots;
  const dead = (await podOk(['run', '-d', '-'], { root: one, input })).trim();
  const app = (await statusOf(one, dead)).apps[0]!.pid!;
  const init = parentOf(app);
  const monitor = parentOf(init);
  process.kill(monitor, 'SIGSTOP');
  for (const pid of [monitor, init]) process.kill(pid, 'SIGKILL');
  for (const pid of [monitor, init]) await eventually(async () => assert.ok(!isAlive(pid), `${pid}`));
  await podOk(['run', '-d', '-'], { root: two, input });
  await podOk(['rm', '--force', 'web'], { root: two });
});
