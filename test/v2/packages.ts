import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TOP } from '../harness/paths.ts';

/**
 * The directory with the files of a package of Debian, which is fetched once. Nothing is installed: what a guest boots and loads is
 * none of the machine's business. `behind`: the package has no files of its own, they are in the one of this name that it depends on.
 */
export function fetchPackage(name: string, behind?: RegExp): string {
  const directory = join(TOP, 'dist/test/packages', name);
  if (existsSync(directory)) return directory;
  const temp = mkdtempSync('/tmp/pod-package-');
  const copy = `${directory}.${process.pid}`;
  try {
    // _apt, the user who downloads, has to get in.
    chmodSync(temp, 0o777);
    const holder = behind ? dependencyOf(name, behind) : name;
    execFileSync('apt-get', ['-qq', '-o', 'Acquire::Retries=5', 'download', holder], { cwd: temp, stdio: 'pipe' });
    const file = readdirSync(temp).find((each) => each.endsWith('.deb'));
    execFileSync('dpkg', ['-x', join(temp, file!), join(temp, 'files')], { stdio: 'pipe' });
    cpSync(join(temp, 'files'), copy, { recursive: true });
    moveUnlessThere(copy, directory);
  } finally {
    for (const path of [temp, copy]) rmSync(path, { recursive: true, force: true });
  }
  return directory;
}

function dependencyOf(name: string, pattern: RegExp): string {
  const depends = execFileSync('apt-cache', ['depends', name], { encoding: 'utf8' });
  const found = pattern.exec(depends)?.[0];
  if (found === undefined) throw new Error(`${name} depends on nothing like ${pattern.source}`);
  return found;
}

/** Another test file may have fetched it meanwhile. */
function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
