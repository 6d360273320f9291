import { CLONE_NEWPID } from '../../linux/constants.ts';
import type { OwnProc, ProcessPlan } from '../../stage2/process.ts';
import type { Reg } from '../../tape/program.ts';
import { PodError } from '../error.ts';
import { finalCapabilities } from '../isolators/capability-sets.ts';
import type { Draft, Named } from '../isolators/isolator.ts';
import { compileSeccomp } from '../isolators/seccomp-compile.ts';
import { MASKED_PATHS, READ_ONLY_PATHS } from '../rootfs/kernel-paths.ts';
import type { HostFacts } from './facts.ts';
import { keepsGroups } from './namespaces.ts';
import { TERMINAL_TYPE } from './streams.ts';
import type { ResolvedApp } from './types.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The manifest's command, otherwise the image's entry point and command. */
function commandOf({ spec, image }: ResolvedApp): readonly string[] {
  if (spec.exec) return spec.exec.value;
  const command = [...image.config.entrypoint, ...image.config.command];
  if (command.length > 0) return command;
  throw new PodError('image/reference', `start app "${spec.name}": image "${image.ref}" names no command`, {
    at: spec.image.at,
    hint: 'add an "exec" list to the app',
  });
}

/** Defaults, then the image's variables, then the manifest's. Nothing is taken from the caller's environment. */
function environmentOf({ spec, image, user }: ResolvedApp, hasTerminal: boolean): Record<string, string> {
  const terminal = hasTerminal ? { TERM: TERMINAL_TYPE } : {};
  const defaults = { PATH: DEFAULT_PATH, HOME: user.home, container: 'pod', ...terminal };
  return { ...defaults, ...image.config.env, ...spec.env };
}

/** An image must not set the metadata service's URL or the app's name. */
function withoutMetadata(env: Readonly<Record<string, string>>): Record<string, string> {
  const { AC_APP_NAME: _name, AC_METADATA_URL: _url, ...rest } = env;
  return rest;
}

export interface ProcessInput {
  readonly app: ResolvedApp;
  readonly draft: Draft;
  readonly facts: HostFacts;
  readonly joins: readonly Reg[];
  readonly hasTerminal: boolean;
  readonly hasMetadata: boolean;
  /** The pod's namespaces. */
  readonly namespaces: Draft['namespaces'];
}

/** CLONE_NEWPID for a process that is not born into a running app. */
export function pidFlags({ namespaces }: Pick<ProcessInput, 'namespaces'>): { cloneFlags?: bigint } {
  return hasOwnPids({ namespaces }) ? { cloneFlags: CLONE_NEWPID } : {};
}

function hasOwnPids({ namespaces }: Pick<ProcessInput, 'namespaces'>): boolean {
  return namespaces?.pid.value === 'app';
}

/** The paths below /proc that are masked or read-only in every app, and those that this app adds. */
function ownProcOf({ draft, facts, namespaces }: ProcessInput): OwnProc {
  const isInProc = (path: string): boolean => path.startsWith('/proc/');
  const there = (paths: readonly string[]): string[] => paths.filter((path) => facts.kernelPaths.has(path));
  const own = (paths: readonly Named[]): string[] => paths.map(({ value }) => value);
  const { maskedPaths, readOnlyPaths } = draft.process;
  const masked = [...there(MASKED_PATHS.map(({ path }) => path)), ...own(maskedPaths)].filter(isInProc);
  const readOnly = [...there(READ_ONLY_PATHS), ...own(readOnlyPaths)].filter(isInProc);
  return { masked: [...new Set(masked)], readOnly: [...new Set(readOnly)], at: namespaces!.pid.at };
}

export function planProcess(input: ProcessInput): ProcessPlan {
  const { app, draft, facts, joins, hasTerminal, hasMetadata } = input;
  const { spec, image, user } = app;
  const settings = draft.process;
  return {
    app: spec.name,
    argv: commandOf(app),
    env: hasMetadata ? withoutMetadata(environmentOf(app, hasTerminal)) : environmentOf(app, hasTerminal),
    workingDirectory: spec.workingDirectory?.value ?? image.config.workingDirectory ?? '/',
    uid: user.uid,
    ...(keepsGroups(facts) ? { keepsGroups: true } : {}),
    gid: user.gid,
    supplementaryGids: user.supplementaryGids,
    capabilities: finalCapabilities(settings, user.uid),
    lastCapability: facts.lastCapability,
    noNewPrivileges: settings.noNewPrivileges,
    seccomp: compileSeccomp(settings.seccompPolicy, facts.arch),
    rlimits: settings.rlimits,
    umask: settings.umask.value,
    settings: settings.settings,
    landlock: settings.landlock,
    ...(settings.labels.length > 0 ? { labels: settings.labels } : {}),
    ...(hasMetadata ? { hasMetadata } : {}),
    ...(hasOwnPids(input) ? { ownProc: ownProcOf(input) } : {}),
    joins,
    places: {
      app: spec.at,
      exec: spec.exec?.at,
      user: spec.user?.at,
      workingDirectory: spec.workingDirectory?.at,
      capabilities: settings.capabilitiesAt,
      seccomp: settings.seccompPolicy.at,
      umask: settings.umask.at,
    },
  };
}
