import { readdirSync, readFileSync } from 'node:fs';

const PODS = 20;

/** What the processes of ours take that wait beside a pod's apps: monitor and init. */
export const memory = {
  name: 'memory of monitor and init',
  rounds: 1,
  subjects: {},
  bars: [{ subject: 'PSS a pod', atMost: 100, unit: 'KB' }],
  /** Not a time: one value for each of the pods. */
  async measure(context) {
    const library = await context.library();
    const pods = [];
    for (let i = 0; i < PODS; i++)
      pods.push(await library.start({ name: `memory-${i}`, exec: ['/bin/sleep', '3600'] }));
    const totalKb = stage1Processes().reduce((sum, pid) => sum + pssKb(pid), 0);
    await Promise.all(pods.map((pod) => pod.stop({ graceMs: 0 })));
    await Promise.all(pods.map((pod) => pod.exit));
    return new Map([['PSS a pod', [totalKb / PODS]]]);
  },
};

function stage1Processes() {
  return readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && readFileSync(`/proc/${name}/comm`, 'utf8').startsWith('stage1'),
  );
}

function pssKb(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
}
