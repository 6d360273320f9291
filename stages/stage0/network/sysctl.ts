import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { withFileLock } from './file-lock.ts';

/** Host settings that bridge networks share; the last one to need a setting puts the old value back. */
interface Held {
  readonly was: string;
  readonly users: readonly string[];
}

type Registry = Record<string, Held>;

/** Sets a value below /proc/sys/net of the caller's network namespace; false when this kernel does not have it. */
export function setSysctl(name: string, value: string): boolean {
  try {
    // No O_CREAT: on procfs that is EACCES for a missing file, and we must tell "missing" from "forbidden".
    writeFileSync(sysctlPath(name), value, { flag: 'r+' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function getSysctl(name: string): string | undefined {
  try {
    return readFileSync(sysctlPath(name), 'latin1').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function sysctlPath(name: string): string {
  return `/proc/sys/net/${name}`;
}

/**
 * Switches settings on for `user` and returns the names of those that are on because of us; what the administrator had on
 * stays his and is not touched.
 */
export function holdSysctls(user: string, names: readonly string[], runDir: string): string[] {
  return changeRegistry(runDir, (registry) => {
    for (const name of names) {
      const held = registry[name];
      if (held) registry[name] = { ...held, users: [...new Set([...held.users, user])] };
      else if (getSysctl(name) === '0') registry[name] = { was: '0', users: [user] };
    }
    const ours = names.filter((name) => registry[name]);
    return { result: ours, apply: () => ours.forEach((name) => setSysctl(name, '1')) };
  });
}

/** Gives up all settings of `user`; those nobody else needs get their old value back. */
export function releaseSysctls(user: string, runDir: string): void {
  changeRegistry(runDir, (registry) => {
    const restored: [string, string][] = [];
    for (const [name, { was, users }] of Object.entries(registry)) {
      const rest = users.filter((other) => other !== user);
      if (rest.length > 0) registry[name] = { was, users: rest };
      else {
        delete registry[name];
        restored.push([name, was]);
      }
    }
    return { result: undefined, apply: () => restored.forEach(([name, was]) => setSysctl(name, was)) };
  });
}

/**
 * The registry is one file a network namespace, as the settings are. When settings are switched on it is written first, so
 * that a crash between the two cannot lose an old value; the order of switching off does not matter, it is repeated.
 */
function changeRegistry<T>(runDir: string, change: (registry: Registry) => { result: T; apply: () => void }): T {
  mkdirSync(runDir, { recursive: true, mode: 0o755 });
  return withFileLock(`${runDir}/network.lock`, () => {
    const path = `${runDir}/sysctl-${readlinkSync('/proc/self/ns/net').replace(/\D/g, '')}.json`;
    const registry = readRegistry(path);
    const { result, apply } = change(registry);
    if (Object.keys(registry).length === 0) {
      apply();
      rmSync(path, { force: true });
    } else {
      writeFileSync(`${path}.new`, JSON.stringify(registry), { mode: 0o600 });
      renameSync(`${path}.new`, path);
      apply();
    }
    return result;
  });
}

function readRegistry(path: string): Registry {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Registry;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
