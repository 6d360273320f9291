import { exitAtOnce } from '../../../linux/exit.ts';
import { PodError } from '../../error.ts';
import { readRecord } from '../../pod/record.ts';
import { PodStore } from '../../pod/store.ts';
import { chooseApps } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import { execPlain } from '../exec-plain.ts';
import { loadExec, loadResize } from '../load-launch.ts';
import { appFlag, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'exec',
  purpose: "Runs a command in a running pod, under the isolators of the app, and exits with the command's exit code.",
  usage: [
    'pod exec [-i] [-t] [-a APP] [-e K=V] [-u USER] [--workdir DIR] POD [--] CMD…',
    'pod enter [FLAGS] POD [CMD…]   (a shell without CMD)',
  ],
  examples: [
    ['pod exec web -- ls -l /', 'run a command in the first app'],
    ['pod exec -it web -- /bin/sh', 'open a shell on this terminal'],
    ['pod exec -a db -u postgres web -- psql', 'run a command in one app, as a given user'],
  ],
  flags: [
    { name: 'interactive', short: 'i', help: 'connect standard input' },
    { name: 'tty', short: 't', help: 'give the command a terminal' },
    appFlag('run in this app; default: the first app of the pod'),
    {
      name: 'env',
      short: 'e',
      value: 'K=V',
      isRepeatable: true,
      help: "set an environment variable; K alone takes its value from the caller's environment",
    },
    { name: 'user', short: 'u', value: 'USER', help: 'run as this user; default: the user of the app' },
    { name: 'workdir', value: 'DIR', help: 'run in this directory; default: the working directory of the app' },
  ],
  notes: [
    'Signals are passed on to a command without a terminal: SIGINT, SIGQUIT and SIGHUP to it and its children, as a terminal does;',
    'SIGTERM, SIGUSR1 and SIGUSR2 to the command alone. Such a command goes on when pod exec is killed. On a terminal, ^C and ^Z are',
    'sent to the command like any other key, and the command is hung up when pod exec ends. At most 56 commands and clients can be',
    'in a pod at once; one more waits up to 10 s until one has ended.',
    'Exit codes: 125 pod itself failed, 126 the command cannot be executed, 127 it does not exist, 128+N it was killed by signal N.',
  ],
  completes: ['running', 'nothing'],
  commandAfter: 1,
  end: (flags) => (flags.has('tty') ? undefined : exitAtOnce),
  run: exec,
};

async function exec(invocation: Invocation): Promise<number> {
  const { flags, operands, root } = invocation;
  const [query, ...argv] = operands;
  if (query === undefined) throw new PodError('cli/usage', 'POD is missing');
  if (argv.length === 0) throw new PodError('cli/usage', 'CMD is missing', { hint: `pod exec ${query} -- CMD…` });
  const env = parseEnv(flags.all('env'));
  const store = new PodStore(root);
  const pod = store.find(query);
  requireRunning(store, pod);
  const app = flags.value('app');
  if (app !== undefined) chooseApps(readRecord(pod.path)?.apps.map((one) => one.name) ?? [], app);
  const execInPod = await loadExec();
  const wants = {
    argv,
    app,
    env,
    user: flags.value('user'),
    workingDirectory: flags.value('workdir'),
    isInteractive: flags.has('interactive'),
  };
  if (!flags.has('tty')) return execPlain(execInPod, pod.path, wants);
  // With it comes node:tty, which costs as much as all the rest.
  const { execOnTerminal } = await import('../exec-terminal.ts');
  return execOnTerminal(execInPod, await loadResize(), pod.path, wants);
}

function parseEnv(pairs: readonly string[]): Record<string, string> {
  const env = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (name === '') throw new PodError('cli/usage', `--env "${pair}": the name is missing`);
    const value = equals === -1 ? process.env[name] : pair.slice(equals + 1);
    if (value !== undefined) env.set(name, value);
  }
  // fromEntries defines its keys: a variable called __proto__ stays a variable.
  return Object.fromEntries(env);
}
