import { planStart } from '../../stage2/launch.ts';
import { resetScheduling } from '../../stage2/limits.ts';
import type { ProcessPlan } from '../../stage2/process.ts';
import { Program, sym, type Tape } from '../../tape/program.ts';
import { type CgroupInput, cgroupMounts } from '../cgroup/layout.ts';
import { type CgroupPlanInput, type CgroupRegisters, planCgroups } from '../cgroup/plan.ts';

import { cgroupViews } from '../cgroup/views.ts';
import { PodErrors } from '../error.ts';
import type { DeviceGrant, Draft } from '../isolators/isolator.ts';
import { lowerPod } from '../isolators/lower-pod.ts';
import type { ImageMount } from '../image/types.ts';
import { planAskedNodes, planCloseAskedNodes, planJoinedQueues } from '../rootfs/devices.ts';
import { planHostSysfs } from '../rootfs/kernel-fs.ts';
import { planCloseStorage, planStorage } from '../rootfs/storage.ts';
import { planOverlays, planUpperDirs, planWorkDirsRemoval } from '../rootfs/overlay.ts';
import { planCloseStoreDevices, storeDeviceReg } from '../rootfs/stores.ts';
import { planKernelTree, planPodTree } from '../rootfs/tree.ts';
import type { DeviceNode, RootfsInput } from '../rootfs/types.ts';
import { planVolumeDirs, planVolumeSources } from '../rootfs/volumes.ts';
import { markedCgroups, planPacketMarks } from './marks.ts';
import { requireSignal } from './signals.ts';
import {
  cloneFlags,
  idsOf,
  planHostname,
  planIdMaps,
  planInitIdentity,
  planInitShut,
  planReleaseIds,
  takesRange,
} from './namespaces.ts';
import { planOomScore, planOomScoreFile } from './oom-score.ts';
import { planArchive, planPodFiles } from './pod-files.ts';
import { type Join, joinReg, joinsOf, planClocks, planCloseHomes, planJoins, planReturns } from './joins.ts';
import { planLifeline, planRemoval } from './lifeline.ts';
import { planHooks } from './hooks.ts';
import { pidFlags, planProcess, type ProcessInput } from './process.ts';
import { planProbes } from './probes.ts';
import { appFlags, standardInput, streamsOf } from './streams.ts';
import { planDependencies, planRestart } from './supervision.ts';
import { isImage, LOG_FILES, planStores, type Stores } from './stores.ts';
import type { Plan, PlanInput, PlannedProcess } from './types.ts';

interface Drafts {
  readonly pod: Draft;
  readonly apps: ReadonlyMap<string, Draft>;
}

/** Everything wrong with any isolator of the pod or its apps, and what is known to be wrong, at once. */
function lowerAll({ spec, facts, refusals = [] }: PlanInput): Drafts {
  const { pod, apps } = lowerPod(spec, facts);
  const errors = [...refusals, ...pod.errors, ...[...apps.values()].flatMap((lowered) => lowered.errors)];
  if (errors.length > 0) throw new PodErrors(errors);
  return { pod: pod.draft, apps: new Map([...apps].map(([name, { draft }]) => [name, draft])) };
}

function cgroupInputOf({ spec, facts }: PlanInput, drafts: Drafts): CgroupPlanInput {
  return {
    facts: facts.cgroup,
    pod: drafts.pod.cgroup,
    apps: spec.apps.map(({ name }) => ({ name, writes: drafts.apps.get(name)!.cgroup })),
    devices: {
      pod: drafts.pod.devices,
      apps: new Map(spec.apps.map(({ name }) => [name, drafts.apps.get(name)!.devices])),
    },
    ...(takesRange(spec, facts) ? { owner: sym('uidBase') } : {}),
    ...(facts.caller ? { withoutDevicePolicy: true } : {}),
  };
}

function nodeOf({ node, major, minor, at }: DeviceGrant): DeviceNode[] {
  return node === undefined ? [] : [{ ...node, major, minor: minor!, at }];
}

function rootfsInput(
  input: PlanInput,
  drafts: Drafts,
  cgroups: CgroupInput,
  { stores }: Stores,
  joins: readonly Join[],
): RootfsInput {
  const { spec, apps, facts, fileVolumes, layersDir } = input;
  return {
    apps: apps.map(({ spec: app, image, hasPlainEtc }) => ({
      name: app.name,
      imageMounts: withSnapshot(image.mounts, spec.environment?.layers[app.name]),
      hasPlainEtc,
      imageAt: app.image.at,
      readOnly: app.readOnlyRootFS,
      nosuid: drafts.apps.get(app.name)!.process.noNewPrivileges,
      mounts: app.mounts,
      cgroupViews: cgroupViews(cgroups, app.name),
      maskedPaths: drafts.apps.get(app.name)!.process.maskedPaths,
      readOnlyPaths: drafts.apps.get(app.name)!.process.readOnlyPaths,
      at: app.at,
    })),
    stores,
    volumes: spec.volumes.map((volume) => ({
      ...volume,
      isFile: fileVolumes.has(volume.name),
      layer: spec.environment?.volumes[volume.name],
    })),
    ...storageOf(spec.environment),
    deviceNodes: [drafts.pod, ...drafts.apps.values()].flatMap(({ devices }) => devices.flatMap(nodeOf)),
    userns: takesRange(spec, facts),
    isNormalUser: facts.caller !== undefined,
    ids: idsOf(spec, facts),
    hostNetwork: spec.network.mode === 'host',
    joined: joins.map(({ kind }) => kind),
    layersDir,
    detachedLayers: facts.hasDetachedLayers,
    kernelPaths: facts.kernelPaths,
    sysctls: drafts.pod.sysctls,
    podAt: spec.at,
  };
}

function withSnapshot(mounts: readonly ImageMount[], layers: readonly string[] | undefined): readonly ImageMount[] {
  if (!layers) return mounts;
  return mounts.map((mount, index) => ({ ...mount, layers: [...mount.layers, layers[index]!] }));
}

function storageOf(environment: PlanInput['spec']['environment']): Pick<RootfsInput, 'storage' | 'machineId'> {
  if (!environment) return { storage: 'pod' };
  const { storage: path, machineId } = environment;
  return { storage: path === undefined ? 'memory' : { path }, machineId };
}

/**
 * The compiler: a manifest, its images and what this host is like become the tapes of one program. Pure: the same input gives
 * the same program. Throws `PodErrors` with everything that cannot be honoured.
 */
export function planPod(input: PlanInput): Plan {
  const { spec, facts, network } = input;
  const drafts = lowerAll(input);
  const cgroupInput = cgroupInputOf(input, drafts);
  const stores = planStores(input, drafts);
  const joins = joinsOf(spec, facts, drafts.pod);
  const rootfs = rootfsInput(input, drafts, cgroupInput, stores, joins);
  const program = new Program();
  // The descriptors that come with the tape are in the first registers.
  for (const { name } of stores.stores.filter(isImage)) storeDeviceReg({ program }, name);
  for (const join of joins) joinReg(program, join);
  input.enter?.planEnter(program.tape({ purpose: 'enter' }));
  const host = program.tape({ purpose: 'host' });
  const attach = program.tape({ purpose: 'attach' });
  const cleanup = program.tape({ purpose: 'cleanup' });
  resetScheduling(host, spec.at);
  planPodFiles(host, spec.at, rootfs.userns, spec.apps.length);
  if (rootfs.storage === 'pod') planWritable(host, rootfs);
  const cgroups = planCgroups(host, cleanup, cgroupInput);
  planArchive(cleanup, spec.at);
  const settle = program.tape({ purpose: 'settle' });
  network.planSettle(settle);
  const marked = markedCgroups(input, drafts.pod, drafts.apps);
  planPacketMarks(host, settle, marked, input);
  planReleaseIds(settle, spec, facts);
  if (spec.environment) planRemoval(settle, spec);
  planWorkDirsRemoval(settle, rootfs);
  // What is left is the process's own end, which nobody who wants to remove the pod has to wait for.
  settle.call('close', [program.reg('lock')], { at: spec.at, why: "let go of the pod's lock" });
  planAskedNodes(host, rootfs);
  planJoins(host, joins);
  planHostSysfs(host, rootfs);
  if (spec.environment) planLifeline(host, spec.at);
  planJoinedQueues(host, rootfs);
  planClocks(host, drafts.pod);
  planReturns(attach, joins);
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
  };
}

/** init has no use for another storage, and would inherit it from the host tape. */
function planWritable(tape: Tape, rootfs: RootfsInput): void {
  planStorage(tape, rootfs);
  planUpperDirs(tape, rootfs);
  planVolumeDirs(tape, rootfs);
}

function planAttach(program: Program, attach: Tape, input: PlanInput, rootfs: RootfsInput, drafts: Drafts): void {
  planIdMaps(program.tape({ purpose: 'maps' }), input.spec, input.facts);
  planOomScoreFile(attach);
  input.network.planAttach(attach, drafts.pod.bandwidth);
  if (rootfs.storage !== 'pod') planWritable(attach, rootfs);
  planOverlays(attach, rootfs);
  planVolumeSources(attach, rootfs);
  planCloseStorage(attach, rootfs);
  planCloseAskedNodes(attach, rootfs);
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
  planInitIdentity(tree, input.spec, input.facts, cgroups.joinInit);
  planHostname(tree, input.spec, drafts.pod);
  planCloseHomes(tree, joins);
  planCloseStoreDevices(tree, rootfs);
  planKernelTree(tree, rootfs);
  planInitShut(pod, input.spec, input.facts);
  input.network.planPod(pod, drafts.pod.bandwidth);
  input.metadata?.planSocket(pod);
  planPodTree(pod, rootfs);
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
