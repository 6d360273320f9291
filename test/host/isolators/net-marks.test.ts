import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { POD_BIN } from '../../harness/paths.ts';
import { cliEnvironment } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { facts } from './with-cgroups.ts';

const root = useTempRoot();
const folder = mkdtempSync('/var/tmp/pod-marks-');
after(() => rmSync(folder, { recursive: true }));

function findObstacle(): string | false {
  if (facts.hierarchies.some(({ controllers }) => controllers.includes('net_cls'))) return 'net_cls is mounted';
  if (!facts.hierarchies.some(({ version }) => version === 2)) return 'no version 2 tree';
  const missing = ['tc', 'nft'].find((program) => spawnSync(program, ['-V']).error);
  return missing !== undefined && `not installed: ${missing}`;
}

const skip = findObstacle();

/** Runs a script with `pod VERB …` in a network namespace of its own: what it has of a network is not the machine's. */
async function inNamespace(script: string): Promise<string> {
  const pod = `pod() { verb=$1; shift; '${process.execPath}' '${POD_BIN}' $verb --root '${root}' "$@"; }`;
  const text = ['set -eu', pod, 'ip link set lo up', script].join('\n');
  const { stdout } = await execa('unshare', ['--net', 'bash', '-c', text], {
    env: cliEnvironment(),
    extendEnv: false,
  });
  return stdout;
}

/** Two apps that each send so many packets to nobody; the first has a mark of its own. */
function writeManifest(name: string, isolators: object, own: object, hold = ''): string {
  const send = (count: number): string =>
    `for i in $(seq ${count}); do echo x > /dev/udp/127.0.0.1/9; done 2>/dev/null; ${hold}:`;
  const app = (appName: string, count: number, more: object): object => ({
    name: appName,
    image: 'host',
    exec: ['/bin/bash', '-c', send(count)],
    isolators: more,
  });
  const file = join(folder, `${name}.yaml`);
  const apps = [app('own', 5, own), app('other', 3, {})];
  const about = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: 'host' } };
  writeFileSync(file, JSON.stringify({ ...about, isolators, apps }));
  return file;
}

/** The pod's class, and the priorities of each app. */
function marksInForce(status: string): unknown {
  const { inForce, apps } = JSON.parse(status) as PodStatus;
  return [inForce['os/linux/net-class'], apps.map((app) => [app.name, app.inForce['os/linux/net-priority'] ?? null])];
}

interface PodStatus {
  readonly inForce: Readonly<Record<string, unknown>>;
  readonly apps: readonly { readonly name: string; readonly inForce: Readonly<Record<string, unknown>> }[];
}

test('packets of a pod and of its app are in the classes they name, and no others', { skip }, async () => {
  const file = writeManifest('classes', { 'os/linux/net-class': '10:2' }, { 'os/linux/net-class': '10:1' });
  const output = await inNamespace(`
    tc qdisc add dev lo root handle 10: htb 2>/dev/null
    for class in 1 2; do tc class add dev lo parent 10: classid 10:$class htb rate 1gbit 2>/dev/null; done
    echo x > /dev/udp/127.0.0.1/9
    pod run '${file}'
    tc -s class show dev lo
    nft list tables`);
  const sent = [...output.matchAll(/class htb (10:\d)[^\n]*\n Sent \d+ bytes (\d+) pkt/g)].map(
    ([, name, count]) => `${name} ${count}`,
  );
  assert.deepEqual(new Set(sent), new Set(['10:1 5', '10:2 3']));
  assert.ok(!output.includes('table inet'), output);
});

test(
  'a priority is of one interface, and a pod whose supervisors were killed leaves nothing to gc',
  { skip },
  async () => {
    const unified = facts.hierarchies.find(({ version }) => version === 2)!.mountPoint;
    const own = { 'os/linux/net-priority': { lo: 6 } };
    const file = writeManifest('killed', { 'os/linux/net-class': '10:2' }, own, 'exec sleep 1000;');
    const output = await inNamespace(`
    uuid=$(pod run -d '${file}')
    nft list ruleset
    echo STATUS; pod status killed -o json; echo STATUS
    pod update killed --set app/own/os/linux/net-priority.lo=3 2>&1 || true
    parent() { awk '/^PPid/ {print $2}' /proc/$1/status; }
    own() { cat ${unified}/pod-$uuid/app-own/cgroup.procs; }
    until [ "$(cat /proc/$(own)/comm)" = sleep ]; do sleep 0.1; done
    init=$(parent $(own))
    kill -KILL $(parent $init) $init
    echo LEFT; nft list tables
    pod rm --force killed >/dev/null
    echo AFTER; nft list tables`);
    assert.deepEqual(marksInForce(output.split('STATUS')[1]!), [
      { class: '10:2' },
      [
        ['own', { priorities: ['lo 6'] }],
        ['other', null],
      ],
    ]);
    const [during = '', left = '', gone = ''] = output.split(/LEFT|AFTER/);
    assert.match(during, /oifname "lo" socket cgroupv2 level 2 "[^"]*\/app-own" meta priority set (0:6|6)/);
    assert.match(during, /\[pod\/fixed\]/);
    assert.match(left, /table inet pod-marks-/);
    assert.ok(!gone.includes('table inet'), gone);
  },
);
