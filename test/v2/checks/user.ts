import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { commandLine } from '../../harness/pod-cli.ts';
import type { Check } from '../checks.ts';

const USER = 54_321;
const TREE = '/sys/fs/cgroup';
const MINE = `${TREE}/of-user`;
const CONTROLLERS = '+memory +pids +cpu';

/** Gives a directory to the user, with one in it for him to be in. */
function delegate(): void {
  writeFileSync(`${TREE}/cgroup.subtree_control`, CONTROLLERS);
  mkdirSync(`${MINE}/caller`, { recursive: true });
  for (const path of ['', '/cgroup.procs', '/cgroup.subtree_control']) chownSync(`${MINE}${path}`, USER, USER);
}

interface Ran {
  readonly code: number;
  readonly output: string;
}

/** As the user, in his cgroup: who starts it moves it there before it begins. */
async function asUser(root: string, args: readonly string[]): Promise<Ran> {
  const command = [process.execPath, ...commandLine(args, root)];
  const child = spawn('/bin/sh', ['-c', 'read -r go; exec "$0" "$@" </dev/null 2>&1', ...command], {
    uid: USER,
    gid: USER,
    env: { PATH: '/usr/bin:/bin', NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  writeFileSync(`${MINE}/caller/cgroup.procs`, String(child.pid));
  child.stdin.end('go\n');
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code: code as number, output };
}

async function runLimited(root: string, exec: readonly string[], isolators: object): Promise<Ran> {
  const own = `${root}-user`;
  mkdirSync(own);
  chownSync(own, USER, USER);
  delegate();
  const manifest = `${own}/pod.json`;
  // What is below the guest's /usr keeps it from being a layer of a normal user's.
  cpSync('/usr/bin/probe', `${own}/image/probe`);
  const app = { name: 'app', image: `dir:${own}/image`, exec, isolators };
  writeFileSync(
    manifest,
    JSON.stringify({
      apiVersion: 'pod/v1',
      kind: 'Pod',
      metadata: { name: 'user' },
      network: { mode: 'none' },
      apps: [app],
    }),
  );
  try {
    return await asUser(own, ['run', '--rm', manifest]);
  } finally {
    rmdirSync(`${MINE}/caller`);
    rmdirSync(MINE);
    rmSync(own, { recursive: true });
  }
}

export const USER_CHECKS: readonly Check[] = [
  {
    name: "a normal user's app over its memory limit is killed where cgroups were delegated to him",
    run: async (root) => {
      const { code, output } = await runLimited(root, ['/probe', 'alloc', '64'], {
        'resource/memory': { limit: '24Mi' },
      });
      assert.equal(code, 137, output);
    },
  },
  {
    name: 'so is one of his that wants more processes than its limit',
    run: async (root) => {
      const limit = { 'resource/pids': { limit: 10 } };
      const { code, output } = await runLimited(root, ['/probe', 'fork', '40'], limit);
      assert.deepEqual([code, output], [0, 'forked 9: EAGAIN\n']);
    },
  },
];
