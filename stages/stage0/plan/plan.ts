import { planStart } from '../../stage2/launch.ts';
import { resetScheduling } from '../../stage2/limits.ts';
import type { ProcessPlan } from '../../stage2/process.ts';
import { Program, type Tape } from '../../tape/program.ts';
import { cgroupMounts } from '../cgroup/layout.ts';
import { type CgroupRegisters, planCgroups } from '../cgroup/plan.ts';
import { isHeld } from '../network/plan-network.ts';
import { planAskedNodes, planCloseAskedNodes, planJoinedQueues } from '../rootfs/devices.ts';
import { planHostSysfs } from '../rootfs/kernel-fs.ts';
import { planCloseStorage, planStorage } from '../rootfs/storage.ts';
import { planOverlays, planUpperDirs, planWorkDirsRemoval } from '../rootfs/overlay.ts';
import { planCloseStoreDevices, storeDeviceReg } from '../rootfs/stores.ts';
import { planKernelTree, planPodTree } from '../rootfs/tree.ts';
import { planCgroupViewSources } from '../rootfs/cgroup-view.ts';
import type { RootfsInput } from '../rootfs/types.ts';
import { planVolumeDirs, planVolumeSources } from '../rootfs/volumes.ts';
import { gateReg, planCloseGate, planGate } from './gate.ts';
import { cgroupInputOf, type Drafts, lowerAll, rootfsInput } from './inputs.ts';
import { markedCgroups, planPacketMarks } from './marks.ts';
import { requireSignal } from './signals.ts';
import {
  cloneFlags,
  planHostname,
  planIdMaps,
  planInitIdentity,
  planInitShut,
  planNetworkNamespace,
  planOwnerOfIds,
  planReleaseIds,
  planRootAgain,
} from './namespaces.ts';
import { planOomScore, planOomScoreFile } from './oom-score.ts';
import { planArchive, planPodFiles } from './pod-files.ts';
import { type Join, joinReg, joinsOf, planClocks, planCloseHomes, planJoins, planReturns } from './joins.ts';
import { planLifeline } from './lifeline.ts';
import { clearsItself, planRemoval } from './removal.ts';
import { planHooks } from './hooks.ts';
import { pidFlags, planProcess, type ProcessInput } from './process.ts';
import { planProbes } from './probes.ts';
import { appFlags, standardInput, streamsOf } from './streams.ts';
import { planDependencies, planRestart } from './supervision.ts';
import { isImage, LOG_FILES, type Stores } from './stores.ts';
import type { Plan, PlanInput, PlannedProcess } from './types.ts';

/**
 * The compiler: turns a manifest, its images and facts about this host into the tapes of one program. Pure: the same input gives
 * the same program. Throws `PodErrors` with everything that cannot be provided.
 */
export function planPod(input: PlanInput): Plan {
  const { spec, facts, network } = input;
  const { drafts, stores } = lowerAll(input);
  const cgroupInput = cgroupInputOf(input, drafts);
  const joins = joinsOf(spec, facts, drafts.pod);
  const rootfs = rootfsInput(input, drafts, cgroupInput, stores, joins);
  const program = new Program();
  // The descriptors given with the tape occupy the first registers, so these are allocated first.
  for (const { name } of stores.stores.filter(isImage)) storeDeviceReg({ program }, name);
  for (const join of joins) joinReg(program, join);
  if (isHeld(spec.network)) gateReg(program);
  input.enter?.planEnter(program.tape({ purpose: 'enter' }));
  const host = program.tape({ purpose: 'host' });
  const base = program.tape({ purpose: 'base' });
  const leaves = program.tape({ purpose: 'leaves' });
  const attach = program.tape({ purpose: 'attach' });
  const cleanup = program.tape({ purpose: 'cleanup' });
  planRootAgain(base, spec, facts);
  planRootAgain(cleanup, spec, facts);
  planReturns(base, joins);
  planPodFiles(leaves, spec.at, rootfs.userns, spec.apps.length);
  if (rootfs.storage === 'pod') planWritable(leaves, rootfs);
  const cgroups = planCgroups({ host, base, leaves, cleanup }, cgroupInput);
  planArchive(cleanup, spec.at);
  const settle = program.tape({ purpose: 'settle' });
  network.planSettle(settle);
  const marked = markedCgroups(input, drafts.pod, drafts.apps);
  planPacketMarks(leaves, settle, marked, input);
  planReleaseIds(settle, spec, facts);
  planWorkDirsRemoval(settle, rootfs);
  const isCleared = clearsItself(input, stores.stores.length > 0);
  if (isCleared) planRemoval(settle, input);
  planLetGo(settle, input);
  planHost(host, input, rootfs, drafts, joins);
  planOwnerOfIds(host, spec, facts);
  planIdMaps(base, spec, facts);
  planAttach(program, attach, input, rootfs, drafts);
  planInit(program, input, rootfs, cgroups, drafts, joins);
  const processes = planApps(program, input, drafts, cgroups, stores);
  input.metadata?.planAnswers(program, processes);
  return {
    program,
    processes,
    cgroupMounts: cgroupMounts(cgroupInput),
    stores: stores.stores,
    joins,
    hasHostName: drafts.pod.namespaces?.uts.value === 'host',
    hasMarks: marked.length > 0,
    clearsItself: isCleared,
  };
}

/** Only the monitor's own exit is left to do, and a removal of the pod need not wait for that; or what must find the lock free. */
function planLetGo(settle: Tape, { spec, network }: PlanInput): void {
  settle.call('close', [settle.program.reg('lock')], { at: spec.at, why: "let go of the pod's lock" });
  network.planEnd?.(settle);
}

/** Sets up what init inherits. */
function planHost(host: Tape, { spec }: PlanInput, rootfs: RootfsInput, drafts: Drafts, joins: readonly Join[]): void {
  resetScheduling(host, spec.at);
  planAskedNodes(host, rootfs);
  planJoins(host, joins);
  planHostSysfs(host, rootfs);
  if (spec.environment) planLifeline(host, spec.at);
  planJoinedQueues(host, rootfs);
  planClocks(host, drafts.pod);
}

function planWritable(tape: Tape, rootfs: RootfsInput): void {
  planStorage(tape, rootfs);
  planUpperDirs(tape, rootfs);
  planVolumeDirs(tape, rootfs);
}

function planAttach(program: Program, attach: Tape, input: PlanInput, rootfs: RootfsInput, drafts: Drafts): void {
  input.network.planLink(program.tape({ purpose: 'link' }), drafts.pod.bandwidth);
  planOomScoreFile(attach);
  if (rootfs.storage !== 'pod') planWritable(attach, rootfs);
  planOverlays(attach, rootfs);
  planVolumeSources(attach, rootfs);
  planCloseStorage(attach, rootfs);
  planCloseAskedNodes(attach, rootfs);
  planCloseGate(attach, input.spec.network);
  input.enter?.planShut(attach);
}

function planInit(
  program: Program,
  input: PlanInput,
  rootfs: RootfsInput,
  cgroups: CgroupRegisters,
  drafts: Drafts,
  joins: readonly Join[],
): void {
  const tree = program.tape({ purpose: 'tree' });
  const pod = program.tape({
    purpose: 'pod',
    cloneFlags: cloneFlags(input.spec, input.facts, drafts.pod),
    ...(cgroups.cgroupInit ? { cgroup: cgroups.cgroupInit } : {}),
  });
  planNetworkNamespace(program, input.spec, input.facts);
  planInitIdentity(tree, input.spec, input.facts, cgroups.joinInit);
  planHostname(tree, input.spec, drafts.pod);
  planCloseHomes(tree, joins);
  planCloseStoreDevices(tree, rootfs);
  planKernelTree(tree, rootfs);
  const network = program.tape({ purpose: 'network' });
  input.network.planInside(network, drafts.pod.bandwidth);
  planCgroupViewSources(network, rootfs);
  planInitShut(pod, input.spec, input.facts);
  input.metadata?.planSocket(pod);
  planPodTree(pod, rootfs);
  planGate(pod, input.spec.network);
}

function planApps(
  program: Program,
  input: PlanInput,
  drafts: Drafts,
  cgroups: CgroupRegisters,
  { logBytes }: Stores,
): Map<string, PlannedProcess> {
  const processes = new Map<string, PlannedProcess>();
  for (const app of input.apps) {
    const { name } = app.spec;
    const draft = drafts.apps.get(name)!;
    const own: ProcessInput = {
      app,
      draft,
      facts: input.facts,
      joins: cgroups.joinApp.get(name) ?? [],
      hasTerminal: streamsOf(input, app.spec).hasTerminal,
      hasMetadata: input.metadata !== undefined,
      namespaces: drafts.pod.namespaces,
    };
    const process = planApp(program, input, own, cgroups, logBytes(name));
    processes.set(name, { process, capabilities: draft.process.capabilities });
  }
  return processes;
}

function planApp(
  program: Program,
  input: PlanInput,
  own: ProcessInput,
  cgroups: CgroupRegisters,
  logBytes: number,
): ProcessPlan {
  const { app, draft } = own;
  const { spec } = app;
  const process = planProcess(own);
  const streams = streamsOf(input, spec);
  const cgroup = cgroups.cgroupApp.get(spec.name);
  const before = program.tape({ purpose: 'before', app: spec.name });
  const start = program.tape({ purpose: 'start', app: spec.name, ...pidFlags(own), ...(cgroup ? { cgroup } : {}) });
  const after = program.tape({ purpose: 'after', app: spec.name });
  planOomScore(before, after, draft, input.facts.oomScoreAdj);
  planStart(start, process, standardInput(streams));
  const kill = cgroups.killApp.get(spec.name);
  const oom = cgroups.oomApp.get(spec.name);
  const procs = cgroups.procsApp.get(spec.name);
  program.supervise({
    name: spec.name,
    start,
    before,
    after,
    stopSignal: requireSignal(spec.stop.signal ?? app.image.config.stopSignal ?? 'SIGTERM'),
    graceMs: spec.stop.graceMs,
    logBytes,
    logFiles: LOG_FILES,
    dependsOn: planDependencies(input.apps, spec.name),
    restart: planRestart(spec.restart),
    hooks: planHooks(program, own, cgroup),
    ...appFlags(streams),
    probes: planProbes(program, { probes: spec.probes, process, cgroup, network: input.spec.network }),
    ...(kill ? { kill } : {}),
    ...(oom ? { oom } : {}),
    ...(procs && !cgroup ? { procs } : {}),
  });
  return process;
}
