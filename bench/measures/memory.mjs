import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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
    const totalKb = supervisors(library.root).reduce((sum, pid) => sum + pssKb(pid), 0);
    for (const pod of pods) await pod.remove();
    return new Map([['PSS a pod', [totalKb / PODS]]]);
  },
};

/** Monitors and inits of this state directory: they hold their pod's directory open. */
function supervisors(root) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && holdsBelow(name, `${root}/pods/`));
}

function holdsBelow(pid, prefix) {
  try {
    if (!readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('stage1')) return false;
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(prefix));
  } catch {
    // Ended since the directory was read.
    return false;
  }
}

function pssKb(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
}
