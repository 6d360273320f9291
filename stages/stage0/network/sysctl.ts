import { readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { findInterface } from '../../linux/netdevice.ts';
import { withFileLock } from './file-lock.ts';

/** Host settings that bridge networks share; the last user of a setting restores the old value. */
interface Held {
  readonly was: string;
  readonly users: readonly string[];
}

type Registry = Record<string, Held>;

/** Sets a value below /proc/sys/net of the caller's network namespace. Returns false when this kernel does not have it. */
export function setSysctl(name: string, value: string): boolean {
  try {
    // Without O_CREAT, which on procfs gives EACCES for a missing file: "missing" and "forbidden" must be told apart.
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
 * Enables settings for the bridge `user` and returns the names of those that are enabled because of us. Settings that the
 * administrator had enabled are not touched.
 */
export function holdSysctls(user: string, names: readonly string[], runDir: string): string[] {
  return changeRegistry(user, runDir, (registry) => {
    for (const name of names) {
      const held = registry[name];
      if (held) registry[name] = { ...held, users: [...held.users.filter((other) => other !== user), user] };
      else if (getSysctl(name) === '0') registry[name] = { was: '0', users: [user] };
    }
    return names.filter((name) => registry[name]);
  });
}

/** Releases all settings of `user`; settings that no other bridge needs get their old value back. */
export function releaseSysctls(user: string, runDir: string): void {
  changeRegistry(user, runDir, (registry) => {
    for (const [name, { was, users }] of Object.entries(registry)) {
      registry[name] = { was, users: users.filter((other) => other !== user) };
    }
  });
}

/**
 * The registry is one file for each network namespace, as are the settings. It is written before settings are enabled and after
 * they are disabled, so that a crash in between cannot lose an old value.
 */
function changeRegistry<T>(user: string, runDir: string, change: (registry: Registry) => T): T {
  makeDirectories(runDir, 0o755);
  return withFileLock(`${runDir}/network.lock`, () => {
    const path = `${runDir}/sysctl-${readlinkSync('/proc/self/ns/net').replace(/\D/g, '')}.json`;
    const registry = withoutDead(readRegistry(path), user);
    const result = change(registry);
    const entries = Object.entries(registry);
    writeRegistry(path, entries);
    for (const [name, { was, users }] of entries) setSysctl(name, users.length > 0 ? '1' : was);
    const kept = entries.filter(([, { users }]) => users.length > 0);
    if (kept.length < entries.length) writeRegistry(path, kept);
    return result;
  });
}

/**
 * A bridge that is gone without having released its settings (its root was deleted, or the namespace's number was reused) needs
 * none.
 */
function withoutDead(registry: Registry, user: string): Registry {
  const isAlive = (other: string): boolean => other === user || findInterface(other) !== undefined;
  const entries = Object.entries(registry).map(([name, { was, users }]) => [
    name,
    { was, users: users.filter(isAlive) },
  ]);
  return Object.fromEntries(entries) as Registry;
}

function writeRegistry(path: string, entries: readonly [string, Held][]): void {
  if (entries.length === 0) {
    rmSync(path, { force: true });
    return;
  }
  writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(entries)), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function readRegistry(path: string): Registry {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Registry;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
