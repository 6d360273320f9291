import type { VerbEntry } from './verb.ts';

type Rest = Partial<Pick<VerbEntry, 'aliases' | 'failureCode'>>;

function verb(
  group: VerbEntry['group'],
  name: string,
  summary: string,
  load: VerbEntry['load'],
  rest: Rest = {},
): VerbEntry {
  return { name, group, summary, failureCode: 1, load, ...rest };
}

export const VERBS: readonly VerbEntry[] = [
  verb('Run', 'run', 'run a manifest', () => import('./verbs/run.ts'), { failureCode: 125 }),
  verb('Run', 'prepare', 'prepare a pod without starting it', () => import('./verbs/prepare.ts'), { failureCode: 125 }),
  verb('Run', 'run-prepared', 'start a prepared pod', () => import('./verbs/run-prepared.ts'), { failureCode: 125 }),
  verb('Run', 'exec', 'run a command in a running pod', () => import('./verbs/exec.ts'), {
    aliases: ['enter'],
    failureCode: 125,
  }),
  verb('Run', 'attach', 'attach to a running app', () => import('./verbs/attach.ts')),
  verb('Run', 'plan', 'show every system call pod run would make', () => import('./verbs/plan.ts')),
  verb('Run', 'validate', 'report all errors in manifests', () => import('./verbs/validate.ts')),
  verb('Run', 'init', 'write a manifest to begin with', () => import('./verbs/init.ts')),
  verb('Run', 'lock', 'pin the images of manifests', () => import('./verbs/lock.ts')),
  verb('Look', 'ps', 'list pods', () => import('./verbs/ps.ts'), { aliases: ['ls', 'list'] }),
  verb('Look', 'status', 'show one pod and its apps', () => import('./verbs/status.ts')),
  verb('Look', 'inspect', 'show everything recorded about a pod', () => import('./verbs/inspect.ts')),
  verb('Look', 'stats', 'show the CPU and memory usage of pods', () => import('./verbs/stats.ts')),
  verb('Look', 'top', 'list the processes of a pod', () => import('./verbs/top.ts')),
  verb('Look', 'logs', 'show the output of the apps', () => import('./verbs/logs.ts')),
  verb('Look', 'events', 'show the events of pods', () => import('./verbs/events.ts')),
  verb('Look', 'cat-manifest', 'print the manifest a pod was created from', () => import('./verbs/cat-manifest.ts')),
  verb('Look', 'graph', 'draw a pod', () => import('./verbs/graph.ts')),
  verb('Look', 'export', "write an app's root file system as a tar archive", () => import('./verbs/export.ts')),
  verb('Control', 'cp', 'copy files into and out of an app', () => import('./verbs/cp.ts')),
  verb('Control', 'stop', 'stop pods gracefully', () => import('./verbs/stop.ts')),
  verb('Control', 'restart', 'restart apps gracefully', () => import('./verbs/restart.ts')),
  verb('Control', 'kill', 'send a signal to pods', () => import('./verbs/kill.ts')),
  verb('Control', 'update', 'change the limits of a running pod', () => import('./verbs/update.ts')),
  verb('Control', 'pause', 'freeze all processes of pods', () => import('./verbs/pause.ts')),
  verb('Control', 'resume', 'resume paused pods', () => import('./verbs/resume.ts')),
  verb('Control', 'wait', 'wait until a pod is ready, has exited or is gone', () => import('./verbs/wait.ts')),
  verb('Control', 'port-forward', 'forward ports of this host into a pod', () => import('./verbs/port-forward.ts')),
  verb('Sets', 'apply', 'make pods match a folder of manifests', () => import('./verbs/apply.ts')),
  verb('Sets', 'diff', 'show what pod apply would change', () => import('./verbs/diff.ts'), { failureCode: 2 }),
  verb('Sets', 'delete', 'remove the pods of a set', () => import('./verbs/delete.ts')),
  verb('Sets', 'rollout', 'status, history and undo of applied sets', () => import('./verbs/rollout.ts')),
  verb('Images', 'image', 'fetch, list, show and remove images', () => import('./verbs/image.ts')),
  verb('Images', 'fetch', 'fetch images; the same as pod image fetch', () => import('./verbs/fetch.ts')),
  verb('Tidy', 'rm', 'remove pods', () => import('./verbs/rm.ts')),
  verb('Tidy', 'gc', 'remove leftovers of dead pods', () => import('./verbs/gc.ts')),
  verb('Host', 'generate', 'generate a systemd unit', () => import('./verbs/generate.ts')),
  verb('Host', 'doctor', 'check what pods need from this host', () => import('./verbs/doctor.ts')),
  verb('Host', 'info', 'show this host as pod sees it', () => import('./verbs/info.ts')),
  verb('Host', 'version', 'print the version', () => import('./verbs/version.ts')),
  verb(
    'Host',
    'explain',
    'explain a manifest field, an isolator or an error code',
    () => import('./verbs/explain.ts'),
    { failureCode: 2 },
  ),
  verb('Host', 'schema', 'print the JSON Schema of manifests', () => import('./verbs/schema.ts')),
  verb('Host', 'completion', 'print a completion script for bash, zsh or fish', () => import('./verbs/completion.ts')),
  verb('Host', 'help', 'show the help of a verb', () => import('./verbs/help.ts')),
];
