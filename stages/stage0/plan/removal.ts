// recvfrom(2), unlink(2), unix(7)

import { AT_FDCWD, AT_REMOVEDIR } from '../../linux/constants.ts';
import { offset, sym, type Tape } from '../../tape/program.ts';
import { overlayDir } from '../rootfs/upper.ts';
import { HANDOFF_FD } from './lifeline.ts';
import { LOG_FILES } from './stores.ts';
import type { PlanInput } from './types.ts';

/** Offset of `a` in a message of io.h. */
export const MESSAGE_A = 12;
export const MESSAGE_BYTES = 64;

/** In order of removal. Ledger and record go last, because they say what is left to do if the removal is interrupted. */
const FILES = [
  'uuid',
  'request.json',
  'events',
  'final',
  'control',
  'paused',
  'manifest.yaml',
  'record.json',
  'ledger',
];

/**
 * Whether the monitor itself can remove what the pod leaves. The monitor knows the names of the files that init writes. In an
 * environment the upper layers are in memory or belong to someone else. For other pods, whose starter asks for removal, upper
 * layers are removed if they are empty, and volumes must be in memory.
 */
export function clearsItself({ spec, facts, removesItself }: PlanInput, hasStores: boolean): boolean {
  if (spec.environment) return true;
  // Plugins must be called first.
  if (spec.network.mode === 'cni') return false;
  const onDisk = spec.volumes.some((volume) => volume.kind === 'empty' && volume.medium === 'disk');
  return removesItself === true && !facts.caller && !hasStores && !onDisk;
}

/** On the settle tape: waits until nobody needs what the pod left, then removes it. */
export function planRemoval(settle: Tape, { spec: { apps: specs, at, environment }, apps }: PlanInput): void {
  const { program } = settle;
  const reason = { at, why: "wait until the pod's files are needed no more" };
  const message = settle.buffer(MESSAGE_BYTES);
  // ECONNRESET: the starter ended without reading that the pod had ended.
  const tolerate = ['ECONNRESET'] as const;
  settle.call('recvfrom', [HANDOFF_FD, message, MESSAGE_BYTES, 0, 0, 0], { ...reason, tolerate });
  settle.call('tape.check32', [offset(message, MESSAGE_A)], reason);
  const podDir = program.reg('podDir');
  const removeDir = (name: string, why: string): void =>
    settle.call('unlinkat', [podDir, settle.text(name), AT_REMOVEDIR], { at, why });
  const remove = (path: string): void => {
    settle.call('unlinkat', [podDir, settle.text(path), 0], { at, why: `remove "${path}"`, tolerate: ['ENOENT'] });
  };
  if (environment) planNameRelease(settle, at);
  else {
    // First: if an app has written something, another process removes everything.
    for (const { spec, image } of apps)
      image.mounts.forEach((_, i) =>
        removeDir(overlayDir('upper', spec, i), `remove the writable layer of app "${spec.name}", if it is empty`),
      );
  }
  for (const { name } of specs) {
    for (let i = 0; i < LOG_FILES; i++) remove(`logs/${name}.log${i === 0 ? '' : `.${i}`}`);
  }
  removeDir('logs', 'remove the log directory');
  for (const file of FILES) remove(file);
  const path = settle.text([sym('root'), '/pods/exited/', sym('uuid')]);
  settle.call('unlinkat', [AT_FDCWD, path, AT_REMOVEDIR], { at, why: "remove the pod's directory" });
  // Closed here: the waiting process need not wait until the kernel has freed the firewall's elements.
  settle.call('close', [HANDOFF_FD], { at, why: 'say that nothing is left' });
}

/** The names of an environment's pods are unique, so no other pod can have taken the name meanwhile. */
function planNameRelease(settle: Tape, at: PlanInput['spec']['at']): void {
  const name = settle.text([sym('root'), '/claims/name/', sym('podName')]);
  settle.call('unlinkat', [AT_FDCWD, name, 0], { at, why: "free the pod's name", tolerate: ['ENOENT'] });
}
