import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { PodStore } from '../../stages/stage0/pod/store.ts';

const FILES_WITH_UUID = ['uuid', 'record.json', 'ledger'];

/**
 * Makes `count` more pods that are as the exited one but for their uuids, their names and what they claim. Their addresses and
 * host ports are claimed too, as those of pods are whose monitors were killed, when `holdsNetwork` says so.
 */
export function copyExited(
  root: string,
  uuid: string,
  count: number,
  holdsNetwork: (index: number) => boolean,
): string[] {
  const path = new PodStore(root).locate(uuid)!.path;
  return Array.from({ length: count }, (_, index) => {
    const copy = randomUUID();
    const copyPath = `${root}/pods/exited/${copy}`;
    execFileSync('cp', ['-a', path, copyPath]);
    for (const file of FILES_WITH_UUID)
      writeFileSync(`${copyPath}/${file}`, adapt(`${path}/${file}`, uuid, copy, index));
    for (const [kind, key] of claimsOf(copyPath, copy, holdsNetwork(index))) {
      mkdirSync(`${root}/claims/${kind}`, { recursive: true, mode: 0o700 });
      linkSync(`${copyPath}/uuid`, `${root}/claims/${kind}/${key}`);
    }
    return copy;
  });
}

function adapt(file: string, uuid: string, copy: string, index: number): string {
  const ip4 = `10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  return readFileSync(file, 'utf8')
    .replaceAll(uuid, copy)
    .replaceAll(/"name":"copied"/g, `"name":"copied-${index}"`)
    .replaceAll(/("kind":"uid-range","base":)\d+/g, `$1${(1000 + index) * 65_536}`)
    .replaceAll(/"hostPort":\d+/g, `"hostPort":${20_000 + index}`)
    .replaceAll(/"ip4":"[^"]*"/g, `"ip4":"${ip4}"`)
    .replaceAll(/"veth":"[^"]*"/g, `"veth":"vp${copy.replaceAll('-', '').slice(0, 12)}"`);
}

function claimsOf(path: string, uuid: string, holdsNetwork: boolean): [kind: string, key: string][] {
  const ledger = readFileSync(`${path}/ledger`, 'utf8');
  const find = (pattern: RegExp): string => pattern.exec(ledger)?.[1] ?? uuid;
  const name = /"name":"(copied-\d+)"/.exec(readFileSync(`${path}/record.json`, 'utf8'))![1]!;
  const own: [string, string][] = [['name', name]];
  if (!holdsNetwork) return own;
  return [...own, ['ip4', find(/"ip4":"([^"]*)"/)], ['port', `tcp-127.0.0.1-${find(/"hostPort":(\d+)/)}`]];
}

/** How many pods are still there, in whatever state. */
export function countPods(root: string): number {
  return ['prepare', 'prepared', 'run', 'exited', 'garbage'].reduce(
    (sum, state) => sum + readdirSync(`${root}/pods/${state}`).length,
    0,
  );
}
