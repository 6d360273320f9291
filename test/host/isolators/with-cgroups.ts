import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import { placeCgroups } from '../../../stages/stage0/cgroup/layout.ts';
import { type CgroupPlanInput, type CgroupRegisters, planCgroups } from '../../../stages/stage0/cgroup/plan.ts';
import { cgroupMounts } from '../../../stages/stage0/cgroup/layout.ts';
import { cgroupLedger } from '../../../stages/stage0/cgroup/ledger.ts';
import { undoCgroups } from '../../../stages/stage0/cgroup/undo.ts';
import { lowerIsolators } from '../../../stages/stage0/isolators/lower.ts';
import type { IsolatorSpec } from '../../../stages/stage0/manifest/spec.ts';
import type { CgroupFacts, HostFacts } from '../../../stages/stage0/plan/facts.ts';
import { readHostFacts } from '../../../stages/stage0/plan/read-facts.ts';
import { Program, type Tape } from '../../../stages/tape/program.ts';
import { TapePlayer } from '../../tape-player.ts';

export const host: HostFacts = readHostFacts();
export const facts: CgroupFacts = host.cgroup;

/** A pod with one app, "web". */
export function inputOf(pod: readonly IsolatorSpec[], app: readonly IsolatorSpec[]): CgroupPlanInput {
  const { draft } = lowerIsolators(pod, 'pod', host);
  return {
    facts,
    pod: draft.cgroup,
    apps: [{ name: 'web', writes: lowerIsolators(app, 'app', host, { pod: draft }).draft.cgroup }],
  };
}

export interface Made {
  readonly uuid: string;
  readonly player: TapePlayer;
  readonly registers: CgroupRegisters;
  readonly input: CgroupPlanInput;
  /** Plays the cleanup tape. */
  readonly cleanUp: () => void;
}

/** Makes the cgroups of a pod for the time of `use`; whatever happens in it, they are gone afterwards. */
export async function withCgroups(input: CgroupPlanInput, use: (made: Made) => void | Promise<void>): Promise<void> {
  const program = new Program();
  const [host, base, leaves, cleanup] = (['host', 'base', 'leaves', 'cleanup'] as const).map((purpose) =>
    program.tape({ purpose }),
  ) as [Tape, Tape, Tape, Tape];
  const registers = planCgroups({ host, base, leaves, cleanup }, input);
  const uuid = randomUUID();
  const player = new TapePlayer(program, { uuid });
  try {
    for (const tape of [host, base, leaves]) player.play(tape);
    await use({ uuid, player, registers, input, cleanUp: () => player.play(cleanup) });
  } finally {
    for (const reg of descriptorsOf(registers)) if (player.fd(reg) >= 0) closeSync(player.fd(reg));
    assert.deepEqual(undoCgroups(cgroupLedger(cgroupMounts(input), uuid)), []);
  }
}

function descriptorsOf(registers: CgroupRegisters): { index: number }[] {
  const { joinInit, joinApp, cgroupInit, cgroupApp, killApp, oomApp } = registers;
  const single = cgroupInit ? [cgroupInit] : [];
  return [
    ...joinInit,
    ...[...joinApp.values()].flat(),
    ...single,
    ...cgroupApp.values(),
    ...killApp.values(),
    ...oomApp.values(),
  ];
}

/** Every directory of the pod and of its leaves. */
export function directories({ input, uuid }: Made): string[] {
  return placeCgroups(input).flatMap(({ hierarchy, leaves }) => {
    const pod = `${hierarchy.mountPoint}/pod-${uuid}`;
    return [pod, ...leaves.map(({ name }) => `${pod}/${name}`)];
  });
}
