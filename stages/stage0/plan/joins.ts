import {
  AT_FDCWD,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWTIME,
  CLONE_NEWUTS,
  O_CLOEXEC,
  O_RDONLY,
  O_WRONLY,
} from '../../linux/constants.ts';
import type { Program, Reg, Tape } from '../../tape/program.ts';
import { PodError, PodErrors, type Position } from '../error.ts';
import type { Draft } from '../isolators/isolator.ts';
import type { PodSpec } from '../manifest/spec.ts';
import type { HostFacts } from './facts.ts';

/** A namespace of another pod that this pod is born in. */
export interface Join {
  /** Its name in /proc/PID/ns. */
  readonly kind: 'net' | 'ipc' | 'uts';
  /** The other pod. */
  readonly pod: string;
  readonly at: Position;
}

const FLAGS = { net: CLONE_NEWNET, ipc: CLONE_NEWIPC, uts: CLONE_NEWUTS } as const;

/**
 * The joins, in the order in which their descriptors are given with the tape. Throws `PodErrors` when the pod cannot share what it
 * asks for.
 */
export function joinsOf(
  spec: PodSpec,
  { caller }: Pick<HostFacts, 'caller'>,
  { namespaces }: Pick<Draft, 'namespaces'>,
): Join[] {
  const { network } = spec;
  const joins: Join[] = network.mode === 'pod' ? [{ kind: 'net', pod: network.target, at: network.at }] : [];
  for (const kind of ['ipc', 'uts'] as const) {
    const owner = namespaces?.[kind];
    if (owner && typeof owner.value === 'object') joins.push({ kind, pod: owner.value.pod, at: owner.at });
  }
  const errors = joins.filter(({ pod }) => pod === spec.name).map(itself);
  if (caller) errors.push(...joins.map(notRoots));
  if (isShared(namespaces?.uts) && spec.hostname !== spec.name) {
    const message = `share a UTS namespace: the pod's hostname "${spec.hostname}" could not be set in it`;
    errors.push(new PodError('manifest/schema', message, { at: namespaces!.uts.at, hint: 'leave "hostname" out' }));
  }
  if (errors.length > 0) throw new PodErrors(errors);
  return joins;
}

function itself({ kind, pod, at }: Join): PodError {
  return new PodError('manifest/reference', `share the ${kind} namespace of pod "${pod}": it is this pod`, { at });
}

/** A normal user's monitor has privileges in its own user namespace, but in no other pod's. */
function notRoots({ kind, pod, at }: Join): PodError {
  const message = `share the ${kind} namespace of pod "${pod}": only root can; each of your pods has its own user namespace`;
  return new PodError('host/privilege', message, { at });
}

export function isShared(owner: NonNullable<Draft['namespaces']>['ipc' | 'uts'] | undefined): boolean {
  return owner !== undefined && owner.value !== 'private';
}

/** The register with the descriptor of the other pod's namespace. */
export function joinReg(program: Program, { kind }: Join): Reg {
  return program.reg(`join/${kind}`);
}

function homeReg(program: Program, { kind }: Join): Reg {
  return program.reg(`home/${kind}`);
}

/**
 * The monitor enters the other pod's namespaces before it makes PID 1, which is then born in them. PID 1 itself could not enter
 * them, because they belong to the other pod's user namespace.
 */
export function planJoins(host: Tape, joins: readonly Join[]): void {
  const { program } = host;
  for (const join of joins) {
    const reason = { at: join.at, why: `enter the ${join.kind} namespace of pod "${join.pod}"` };
    const home = homeReg(program, join);
    host.call('openat', [AT_FDCWD, host.text(`/proc/self/ns/${join.kind}`), O_RDONLY | O_CLOEXEC, 0], {
      ...reason,
      out: home,
    });
    host.call('setns', [joinReg(program, join), FLAGS[join.kind]], reason);
    host.call('close', [joinReg(program, join)], reason);
  }
}

/** First on the base tape: PID 1 has been born, so the monitor returns to its own namespaces. */
export function planReturns(base: Tape, joins: readonly Join[]): void {
  for (const join of joins) {
    const reason = { at: join.at, why: `leave the ${join.kind} namespace of pod "${join.pod}"` };
    base.call('setns', [homeReg(base.program, join), FLAGS[join.kind]], reason);
    base.call('close', [homeReg(base.program, join)], reason);
  }
}

/** Init inherits the descriptors of the monitor's namespaces and must not be able to use them. */
export function planCloseHomes(tree: Tape, joins: readonly Join[]): void {
  for (const join of joins) {
    tree.call('close', [homeReg(tree.program, join)], { at: join.at, why: `stay in what is pod "${join.pod}"'s` });
  }
}

/** ERANGE */
const BEFORE_BOOT = 'a clock cannot go back to before the boot of this host (see uptime -s): write a smaller offset';

/**
 * The clocks of a time namespace can only be set before a process is in it, but clone3(2) would make the namespace together with
 * the process. So the monitor makes it for its children, then sets it.
 */
export function planClocks(host: Tape, { namespaces }: Pick<Draft, 'namespaces'>): void {
  const time = namespaces?.time;
  if (!time || typeof time.value === 'string') return;
  const { monotonicNs, boottimeNs } = time.value;
  const reason = { at: time.at, why: "set the pod's clocks" };
  const file = host.program.reg('clocks');
  const text = `monotonic ${secondsOf(monotonicNs)}\nboottime ${secondsOf(boottimeNs)}\n`;
  host.call('unshare', [CLONE_NEWTIME], reason);
  host.call('openat', [AT_FDCWD, host.text('/proc/self/timens_offsets'), O_WRONLY | O_CLOEXEC, 0], {
    ...reason,
    out: file,
  });
  host.call('write', [file, host.text(text), text.length], { ...reason, hint: BEFORE_BOOT });
  host.call('close', [file], reason);
}

/** The format of time_namespaces(7): seconds, which may be negative, and nanoseconds, which may not. */
function secondsOf(ns: bigint): string {
  const nanoseconds = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return `${(ns - nanoseconds) / 1_000_000_000n} ${nanoseconds}`;
}
