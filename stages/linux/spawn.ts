// posix_spawn(3): makes a process without copying this one's page tables, unlike the fork in child_process.spawn.

import { SyscallError } from './errno.ts';
import { addressOf, loadNative } from './syscall.ts';

type Call = (...args: readonly (number | bigint)[]) => number;

interface SpawnCalls {
  readonly spawn: Call;
  readonly actionsInit: Call;
  readonly actionsDestroy: Call;
  readonly addDup2: Call;
  readonly attrInit: Call;
  readonly attrDestroy: Call;
  readonly setFlags: Call;
  readonly setSigDefault: Call;
  readonly setSigMask: Call;
}

/** spawn.h */
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
/** At least the size of glibc's and musl's opaque types. */
const OPAQUE_BYTES = 512;

let calls: SpawnCalls | undefined;

function loadCalls(): SpawnCalls {
  const { libc } = loadNative();
  const bind = (signature: string): Call => libc.func(signature) as Call;
  return {
    spawn: bind('int posix_spawn(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)'),
    actionsInit: bind('int posix_spawn_file_actions_init(int64_t)'),
    actionsDestroy: bind('int posix_spawn_file_actions_destroy(int64_t)'),
    addDup2: bind('int posix_spawn_file_actions_adddup2(int64_t, int, int)'),
    attrInit: bind('int posix_spawnattr_init(int64_t)'),
    attrDestroy: bind('int posix_spawnattr_destroy(int64_t)'),
    setFlags: bind('int posix_spawnattr_setflags(int64_t, short)'),
    setSigDefault: bind('int posix_spawnattr_setsigdefault(int64_t, int64_t)'),
    setSigMask: bind('int posix_spawnattr_setsigmask(int64_t, int64_t)'),
  };
}

function buffer(bytes: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(bytes));
}

/** A NULL-terminated array of C strings. `keep` collects their buffers, which must stay reachable. */
function pointerArray(strings: readonly string[], keep: Uint8Array[]): Uint8Array {
  const array = buffer(8 * (strings.length + 1));
  const view = new DataView(array.buffer);
  strings.forEach((text, i) => {
    const bytes = Buffer.from(`${text}\0`);
    keep.push(bytes);
    view.setBigUint64(8 * i, addressOf(bytes), true);
  });
  return array;
}

export interface SpawnOptions {
  readonly path: string;
  readonly argv: readonly string[];
  /** From the new process's descriptors to ours. */
  readonly fds: ReadonlyMap<number, number>;
}

/** Returns the new process's pid. All of its signals are at their default and unblocked, its environment is empty. */
export function spawnProcess(options: SpawnOptions): number {
  calls ??= loadCalls();
  const { spawn, actionsInit, actionsDestroy, addDup2, attrInit, attrDestroy, setFlags, setSigDefault, setSigMask } =
    calls;
  const keep: Uint8Array[] = [];
  const actions = buffer(OPAQUE_BYTES);
  const attr = buffer(OPAQUE_BYTES);
  const allSignals = buffer(128).fill(0xff);
  const noSignals = buffer(128);
  const pid = buffer(4);
  const path = Buffer.from(`${options.path}\0`);
  const argv = pointerArray(options.argv, keep);
  const envp = pointerArray([], keep);
  const actionsAt = addressOf(actions);
  const attrAt = addressOf(attr);
  actionsInit(actionsAt);
  attrInit(attrAt);
  setFlags(attrAt, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  setSigDefault(attrAt, addressOf(allSignals));
  setSigMask(attrAt, addressOf(noSignals));
  for (const [theirs, ours] of options.fds) addDup2(actionsAt, ours, theirs);
  const error = spawn(addressOf(pid), addressOf(path), actionsAt, attrAt, addressOf(argv), addressOf(envp));
  attrDestroy(attrAt);
  actionsDestroy(actionsAt);
  if (error !== 0) throw new SyscallError('posix_spawn', error, `"${options.path}"`);
  return new DataView(pid.buffer).getInt32(0, true);
}
