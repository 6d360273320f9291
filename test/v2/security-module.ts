import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { mkdirSync, cpSync } from 'node:fs';
import { TOP } from '../harness/paths.ts';
import { fetchPackage } from './packages.ts';

/** A security module of the guest's kernel, and what its system has for it. The kernel can have one of them at a time. */
export interface SecurityModule {
  /** For the kernel's command line. */
  readonly parameters: string;
  /** Throws when a package cannot be fetched. */
  readonly fetch: () => void;
  /** Adds its files to the guest's root. */
  readonly addFiles: (tree: string) => void;
  /** Lines of the guest's first script, after /sys is mounted. */
  readonly script: string;
}

export const APPARMOR: SecurityModule = {
  parameters: 'apparmor=1',
  fetch: fetchParser,
  // The compiler of profiles.
  addFiles: (tree) => cpSync(join(fetchParser(), 'sbin/apparmor_parser'), join(tree, 'usr/sbin/apparmor_parser')),
  script: 'mount -t securityfs securityfs /sys/kernel/security',
};

function fetchParser(): string {
  return fetchPackage('apparmor');
}

/** The newest format that the kernel of Debian 12 reads; see POLICYDB_VERSION_MAX in security/selinux/include/security.h. */
const POLICY_VERSION = '33';
const POLICY = join(TOP, 'test/v2/selinux.cil');

export const SELINUX: SecurityModule = {
  parameters: 'security=selinux selinux=1 enforcing=1',
  fetch: fetchCompiler,
  addFiles: addPolicies,
  // A policy is loaded by a single write.
  script: `mount -t selinuxfs selinuxfs /sys/fs/selinux
dd if=/etc/selinux/mls of=/sys/fs/selinux/load bs=1M status=none`,
};

function fetchCompiler(): { program: string; libraries: string } {
  return {
    program: join(fetchPackage('secilc'), 'usr/bin/secilc'),
    libraries: join(fetchPackage('libsepol2'), 'lib/x86_64-linux-gnu'),
  };
}

/** The same policy with levels and without them: /etc/selinux/mls and /etc/selinux/plain. */
function addPolicies(tree: string): void {
  const directory = join(tree, 'etc/selinux');
  mkdirSync(directory, { recursive: true });
  const { program, libraries } = fetchCompiler();
  for (const [name, levels] of [
    ['mls', 'true'],
    ['plain', 'false'],
  ] as const) {
    const files = ['-o', join(directory, name), '-f', '/dev/null', POLICY];
    execFileSync(program, ['-c', POLICY_VERSION, '-M', levels, ...files], {
      stdio: 'pipe',
      env: { LD_LIBRARY_PATH: libraries },
    });
  }
}
