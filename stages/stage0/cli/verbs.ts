import type { Verb } from './verb.ts';

export const GROUPS = ['Run', 'Look', 'Control', 'Tidy', 'Host'] as const;

/** A verb as the overview shows it; the rest of it is loaded when it is called. */
export interface VerbEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly group: (typeof GROUPS)[number];
  readonly summary: string;
  /** What a failure of pod itself exits with. 125: the other codes belong to the app. */
  readonly failureCode: 1 | 125;
  readonly load: () => Promise<{ readonly verb: Verb }>;
}

export const VERBS: readonly VerbEntry[] = [
  { name: 'run', group: 'Run', summary: 'run a manifest', failureCode: 125, load: () => import('./verbs/run.ts') },
  { name: 'exec', aliases: ['enter'], group: 'Run', summary: 'run a command in a running pod', failureCode: 125, load: () => import('./verbs/exec.ts') },
  { name: 'plan', group: 'Run', summary: 'show every system call a run would make', failureCode: 1, load: () => import('./verbs/plan.ts') },
  { name: 'validate', group: 'Run', summary: 'find all errors of manifests', failureCode: 1, load: () => import('./verbs/validate.ts') },
  { name: 'ps', aliases: ['ls', 'list'], group: 'Look', summary: 'list pods', failureCode: 1, load: () => import('./verbs/ps.ts') },
  { name: 'status', group: 'Look', summary: 'one pod with its apps', failureCode: 1, load: () => import('./verbs/status.ts') },
  { name: 'inspect', group: 'Look', summary: 'all that is recorded of a pod', failureCode: 1, load: () => import('./verbs/inspect.ts') },
  { name: 'logs', group: 'Look', summary: "the apps' output", failureCode: 1, load: () => import('./verbs/logs.ts') },
  { name: 'cat-manifest', group: 'Look', summary: 'the manifest a pod was made from', failureCode: 1, load: () => import('./verbs/cat-manifest.ts') },
  { name: 'stop', group: 'Control', summary: 'stop pods gracefully', failureCode: 1, load: () => import('./verbs/stop.ts') },
  { name: 'kill', group: 'Control', summary: 'send a signal to pods', failureCode: 1, load: () => import('./verbs/kill.ts') },
  { name: 'wait', group: 'Control', summary: 'wait until a pod is ready, has exited or is gone', failureCode: 1, load: () => import('./verbs/wait.ts') },
  { name: 'rm', group: 'Tidy', summary: 'remove pods', failureCode: 1, load: () => import('./verbs/rm.ts') },
  { name: 'gc', group: 'Tidy', summary: 'remove what dead pods left', failureCode: 1, load: () => import('./verbs/gc.ts') },
  { name: 'doctor', group: 'Host', summary: 'try what pods need of this host', failureCode: 1, load: () => import('./verbs/doctor.ts') },
  { name: 'info', group: 'Host', summary: 'this host as pod sees it', failureCode: 1, load: () => import('./verbs/info.ts') },
  { name: 'version', group: 'Host', summary: 'the version', failureCode: 1, load: () => import('./verbs/version.ts') },
  { name: 'schema', group: 'Host', summary: 'the JSON Schema of manifests', failureCode: 1, load: () => import('./verbs/schema.ts') },
  { name: 'completion', group: 'Host', summary: 'completion for bash, zsh or fish', failureCode: 1, load: () => import('./verbs/completion.ts') },
  { name: 'help', group: 'Host', summary: 'help about a verb', failureCode: 1, load: () => import('./verbs/help.ts') },
];

/** Verbs that are promised for later, with what a call of them exits with. */
export const LATER: Readonly<Record<string, 2 | 125>> = {
  prepare: 125,
  'run-prepared': 125,
  attach: 2,
  cp: 2,
  'port-forward': 2,
  restart: 2,
  pause: 2,
  resume: 2,
  events: 2,
  top: 2,
  stats: 2,
  update: 2,
  export: 2,
  image: 2,
  fetch: 2,
  trust: 2,
  apply: 2,
  diff: 2,
  delete: 2,
  rollout: 2,
  lock: 2,
  generate: 2,
  convert: 2,
  graph: 2,
  explain: 2,
  init: 2,
};

export function findVerb(name: string): VerbEntry | undefined {
  return VERBS.find((verb) => verb.name === name || verb.aliases?.includes(name));
}
