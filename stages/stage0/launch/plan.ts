import { createHash } from 'node:crypto';
import { disassemble, type OpLine } from '../../tape/disassemble.ts';
import { encodeProgram } from '../../tape/encode.ts';
import type { PlanOptions, PodPlan } from '../cli/launch-api.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { readHostFacts } from '../plan/read-facts.ts';
import { lookFor } from '../plan/look-for.ts';
import { planPod as planTapes } from '../plan/plan.ts';
import { imagesDir, podsDir } from '../pod/layout.ts';
import { metadataOf } from './compile.ts';
import { readPins } from '../pins/pins.ts';
import { findFileVolumes } from './file-volumes.ts';
import { planEntry } from './plan-enter.ts';
import { planNetwork } from './plan-network.ts';
import { refusedToCaller } from './require-caller.ts';
import { resolveApps, withAdopted } from './resolve.ts';

/** What each tape does, in the order in which the tapes are played; apps start in parallel. */
const HEADINGS: Readonly<Record<string, string>> = {
  enter: 'on the host, first of all (monitor)',
  host: 'on the host, before any process of the pod exists (monitor)',
  born: 'in the pod, as PID 1 (init), while the monitor plays base',
  base: 'on the host (monitor), while init plays born',
  leaves: 'on the host, after base (monitor)',
  link: 'on the host, when born and leaves are done (monitor)',
  tree: 'in the pod, when base is done (init)',
  attach: 'on the host, after link (monitor)',
  network: 'in the pod, when tree and link are done (init)',
  pod: 'in the pod, when network and attach are done (init)',
  before: 'in init, before the app is cloned',
  start: 'in the app, up to its first instruction',
  after: 'in init, after the app was cloned',
  cleanup: 'on the host, when the pod has ended (monitor)',
  settle: 'on the host, after the exit was told (monitor)',
  serve: 'not played: what the metadata service answers (init)',
};

const ORDER = [
  'enter',
  'host',
  'born',
  'base',
  'leaves',
  'link',
  'attach',
  'tree',
  'network',
  'pod',
  'before',
  'start',
  'after',
  'cleanup',
  'settle',
  'serve',
];

/**
 * Lists every system call that a run would make, in order, without making any. Images that are missing are fetched and unpacked.
 */
export async function planPod(written: PodSpec, options: PlanOptions): Promise<PodPlan> {
  const { root } = options;
  const fileVolumes = findFileVolumes(written);
  const { baseDir, frozen, onWarning } = options;
  const pins = readPins(baseDir, frozen);
  const apps = await resolveApps(written, { storeDir: imagesDir(root), baseDir, pins, frozen, onWarning });
  const spec = withAdopted(written, apps);
  const facts = lookFor(spec, readHostFacts(), podsDir(root, 'run'));
  const metadata = await metadataOf(spec, apps, facts);
  const { program } = planTapes({
    spec,
    apps,
    facts,
    network: planNetwork(spec, facts),
    metadata,
    enter: planEntry(spec, facts),
    refusals: refusedToCaller(spec, apps, facts),
    fileVolumes,
    layersDir: `${imagesDir(root)}/layers`,
    podsDir: podsDir(root, 'run'),
  });
  const lines = (): OpLine[] =>
    disassemble(program).toSorted((a, b) => ORDER.indexOf(a.purpose) - ORDER.indexOf(b.purpose));
  const tape = encodeProgram(program, facts.arch);
  return {
    toText: () => renderPlan(lines()),
    toJson: () => ({ hash: hashOf(tape), ops: lines() }),
    toTape: () => tape,
    hash: () => hashOf(tape),
  };
}

function hashOf(tape: Uint8Array): string {
  return `sha256:${createHash('sha256').update(tape).digest('hex')}`;
}

function renderPlan(lines: readonly OpLine[]): string {
  const text: string[] = [];
  let heading = '';
  for (const line of lines) {
    const app = line.app === undefined ? '' : ` "${line.app}"`;
    const next = `${line.purpose}${app}: ${HEADINGS[line.purpose] ?? ''}`;
    if (next !== heading) text.push(...(heading ? [''] : []), `# ${next}`);
    heading = next;
    const place = [line.at, line.why].filter((part) => part !== undefined).join(' ');
    text.push(`${line.call}${place ? `  # ${place}` : ''}`);
  }
  return `${text.join('\n')}\n`;
}
