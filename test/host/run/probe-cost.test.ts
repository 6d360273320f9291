import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../../../stages/stage0/index.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { processesOf } from '../stage1/pods.ts';
import { untilReady } from '../stage1/probes.ts';

const root = useTempRoot();
const APPS = 64;
const SECONDS = 4;
/** As `getconf CLK_TCK` says on every Linux there is. */
const TICKS_A_SECOND = 100;

/** Processor time of the process, user and system, in seconds: proc_pid_stat(5). */
function secondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function countWakes(pid: number): number {
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

test(`three probes in each of ${APPS} apps, ten times a second, cost init a small part of a core`, async () => {
  const often = { period: '100ms', timeout: '1s', failures: 1000 };
  const tcp = { tcp: { port: 7300 }, ...often };
  const http = { http: { port: 7300 }, ...often };
  const serve = "require('node:http').createServer((request, response) => response.end()).listen(7300)";
  const apps = Array.from({ length: APPS }, (_, i) => ({
    name: `a${i}`,
    image: 'host',
    exec: i === 0 ? ['node', '-e', serve] : ['sleep', '100000'],
    probes: { start: tcp, ready: i % 4 === 0 ? http : tcp, live: tcp },
  }));
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'many' }, network: { mode: 'none' }, apps };
  await using pod = await run(manifest, { root });
  for (const { name } of apps) await untilReady(root, pod, name);
  const { init } = processesOf(pod);
  const [before, wakesBefore] = [secondsOf(init), countWakes(init)];
  await delay(SECONDS * 1000);
  const share = (secondsOf(init) - before) / SECONDS;
  const wakes = (countWakes(init) - wakesBefore) / SECONDS;
  // 1280 tries a second: each a connection, half of whose cost is the loopback's.
  assert.ok(share < 0.25, `${share} of a core`);
  assert.ok(wakes < 10 * 2 * APPS, `${wakes} wake-ups a second`);
});
