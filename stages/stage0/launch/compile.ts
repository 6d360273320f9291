import { encodeTemplate } from '../../tape/encode.ts';
import type { Program } from '../../tape/program.ts';
import type { RunOptions } from '../cli/launch-api.ts';
import type { PodSpec, VolumeSpec } from '../manifest/spec.ts';
import type { HostFacts } from '../plan/facts.ts';
import { planPod } from '../plan/plan.ts';
import { readHostFacts } from '../plan/read-facts.ts';
import { lookFor } from '../plan/look-for.ts';
import { firstStreams } from '../plan/streams.ts';
import type { Plan, PlanInput, ResolvedApp } from '../plan/types.ts';
import { leftVolumes } from '../rootfs/left-volumes.ts';
import type { Store } from '../rootfs/types.ts';
import { imagesDir, podsDir } from '../pod/layout.ts';
import type { CompiledApp, CompiledPod, CompiledStore } from './compiled.ts';
import { packExecData, registersFor } from './exec-data.ts';
import type { Pins } from '../pins/pins.ts';
import { findFileVolumes } from './file-volumes.ts';
import { type Entry, entryOf, planEntry } from './plan-enter.ts';
import { USER_MODE } from '../network/user-mode.ts';
import { isUserMode } from '../plan/namespaces.ts';
import { planNetwork, publishedPorts } from './plan-network.ts';
import { refusedToCaller } from './require-caller.ts';
import { requireDescriptors, requireStateDirectory } from './require-host.ts';
import { resolveApps, withAdopted } from './resolve.ts';

/** A compiled pod and the inputs it was made from. */
export interface Compilation {
  readonly pod: CompiledPod;
  /** Gives the purpose and the manifest line of an op that failed. */
  readonly program: Program;
  readonly facts: HostFacts;
  readonly apps: readonly ResolvedApp[];
  /** Host volumes whose source is a file. */
  readonly fileVolumes: ReadonlySet<string>;
}

export type CompileOptions = Pick<
  RunOptions,
  | 'root'
  | 'baseDir'
  | 'stdin'
  | 'tty'
  | 'isDetached'
  | 'removesItself'
  | 'onProgress'
  | 'onPhase'
  | 'onWarning'
  | 'signal'
  | 'frozen'
  | 'images'
> & { readonly pins: Pins | undefined };

/** Resolves the images and compiles the pod. Throws with everything that this host cannot provide. */
export async function compilePod(written: PodSpec, options: CompileOptions): Promise<Compilation> {
  const { root, onPhase = () => {} } = options;
  onPhase('resolve');
  requireStateDirectory(root);
  const fileVolumes = findFileVolumes(written);
  const apps = await resolveApps(written, { ...options, storeDir: imagesDir(root) });
  options.signal?.throwIfAborted();
  const spec = withAdopted(written, apps);
  onPhase('plan');
  const base = readHostFacts();
  requireDescriptors(base);
  const facts = lookFor(spec, base, podsDir(root, 'run'));
  const metadata = await metadataOf(spec, apps, facts);
  const first = firstStreams(spec.apps[0], options);
  const { removesItself } = options;
  const layersDir = `${imagesDir(root)}/layers`;
  const network = planNetwork(spec, facts);
  const where = { layersDir, podsDir: podsDir(root, 'run') };
  const enter = planEntry(spec, facts);
  const refusals = refusedToCaller(spec, apps, facts);
  return compileOnce(
    { spec, apps, facts, network, metadata, enter, refusals, fileVolumes, ...where, first, removesItself },
    base,
  );
}

/** Loaded on demand: few pods have a metadata service. */
export async function metadataOf(
  spec: PodSpec,
  apps: readonly ResolvedApp[],
  facts: HostFacts,
): Promise<PlanInput['metadata']> {
  const at = spec.metadataService;
  return at && (await import('./plan-metadata.ts')).planMetadata(spec, apps, facts, at);
}

const KEPT = 64;
let kept = new Map<string, Compilation>();
let keptFor: HostFacts | undefined;

/** Everything that a plan depends on. Values that are symbols on the tape, such as a pod's name, are left out. */
function keyOf({ spec, apps, facts, layersDir, first, fileVolumes, removesItself }: PlanInput): string {
  const { manifest, name, hostname, labels, annotations, rollout, nameAt, ...planned } = spec;
  void [name, hostname, labels, rollout, nameAt];
  const served = spec.metadataService && annotations;
  const resolved = apps.map(({ image, user }) => [image.digest, image.mounts, image.config, user]);
  const volumes = [...fileVolumes];
  return JSON.stringify([
    manifest.path,
    planned,
    served,
    resolved,
    layersDir,
    first,
    volumes,
    removesItself,
    facts.looked,
  ]);
}

/** Returns an earlier compilation when the inputs that a plan depends on are the same; compiles otherwise. */
function compileOnce(input: PlanInput, base: HostFacts): Compilation {
  if (keptFor !== base) {
    kept = new Map();
    keptFor = base;
  }
  const key = keyOf(input);
  const known = kept.get(key);
  if (known) return known;
  const made = compile(input);
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
  kept.set(key, made);
  return made;
}

function compile(input: PlanInput): Compilation {
  const { spec, apps, facts, fileVolumes } = input;
  const plan = planPod(input);
  const pod: CompiledPod = {
    tape: encodeTemplate(plan.program, facts.arch),
    cgroupMounts: plan.cgroupMounts,
    ...(plan.joins.length > 0 ? { joins: plan.joins } : {}),
    ...(plan.hasHostName ? { hasHostName: true } : {}),
    ...(plan.stores.length > 0 ? { stores: plan.stores.map(plainStore) } : {}),
    ...(plan.hasMarks ? { hasMarks: true } : {}),
    network: networkOf(spec, facts),
    userns: facts.caller ? { mode: 'host', at: spec.userns.at } : spec.userns,
    ...entryMember(entryOf(spec, facts)),
    ...(spec.metadataService ? { hasMetadata: true } : {}),
    ...(plan.clearsItself ? { clearsItself: true } : {}),
    ...(spec.environment ? { hasLifeline: true } : {}),
    apps: apps.map((app, index) => compileApp(plan, app, index, spec.environment ? undefined : spec.volumes)),
    hasClient: input.first?.hasClient ?? false,
    takesStdin: input.first?.input === 'given',
    at: spec.at,
  };
  return { pod, program: plan.program, facts, apps, fileVolumes };
}

function networkOf(spec: PodSpec, facts: HostFacts): CompiledPod['network'] {
  const { network } = spec;
  return {
    mode: isUserMode(spec, facts) ? USER_MODE : network.mode,
    ports: publishedPorts(spec),
    ...(network.mode === 'cni' ? { cni: { name: network.target, at: network.at } } : {}),
  };
}

function plainStore({ name, method, bytes, at }: Store): CompiledStore {
  return { name, method, bytes: Number(bytes), at };
}

function entryMember(entry: Entry | undefined): Pick<CompiledPod, 'entry'> {
  return entry ? { entry } : {};
}

/** `volumes`: the volumes that may leave files behind when the pod has ended. */
function compileApp(
  plan: Plan,
  { spec, image }: ResolvedApp,
  index: number,
  volumes: readonly VolumeSpec[] = [],
): CompiledApp {
  const { process, capabilities } = plan.processes.get(spec.name)!;
  const cgroup = plan.program.apps[index]!.start.options.cgroup?.name;
  const exec = packExecData({
    process,
    app: index,
    registers: registersFor(plan.program, process, cgroup),
    ...(cgroup === undefined ? {} : { cgroup }),
    capabilities,
    imageMounts: image.mounts,
    ...(spec.mounts.length > 0 ? { volumes: leftVolumes(volumes, plan.stores, spec.mounts) } : {}),
  });
  const { name, restart, at } = spec;
  const hooks = Object.fromEntries(
    Object.entries(spec.hooks.commands).map(([hook, { at: place }]) => [
      hook,
      `${place.file}:${place.line}:${place.col}`,
    ]),
  );
  return { name, image: { ref: image.ref, digest: image.digest }, restart: restart.policy, hooks, exec, at };
}
