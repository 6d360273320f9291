import { readHostFacts } from '../../plan/read-facts.ts';
import { PodStore } from '../../pod/store.ts';
import { noOperands } from '../arguments.ts';
import { render } from '../format.ts';
import { packageVersion } from '../package-dir.ts';
import { printable } from '../table.ts';
import { STDOUT } from '../terminal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'info',
  purpose: 'Shows this host as pod sees it: kernel, cgroups, state directory, pods.',
  usage: ['pod info [-o FORMAT]'],
  examples: [
    ['pod info', 'print for reading, or for a bug report'],
    ['pod info -o json', 'print for a program'],
  ],
  flags: [outputFlag()],
  run: info,
};

async function info(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const { flags, root, terminal } = invocation;
  const facts = readHostFacts();
  const pods = new PodStore(root).list();
  const found = {
    version: packageVersion(),
    node: process.versions.node,
    arch: facts.arch,
    kernel: facts.kernelRelease,
    cpus: facts.cpus,
    euid: facts.euid,
    cgroup: { mode: facts.cgroup.mode, hierarchies: facts.cgroup.hierarchies },
    root,
    pods: { running: pods.filter((pod) => pod.state === 'run').length, all: pods.length },
  };
  const toLine = ([name, value]: [string, string]): string =>
    `${terminal.paint(STDOUT, 'dim', name.padEnd(10))}  ${printable(value)}\n`;
  const shown = await render(flags.value('output') ?? 'table', {
    value: () => found,
    names: () => [found.root],
    text: () => listFacts(found).map(toLine).join(''),
  });
  terminal.out(shown);
  return 0;
}

type Found = Readonly<Record<string, unknown>> & {
  readonly cgroup: {
    readonly mode: string;
    readonly hierarchies: readonly { version: number; controllers: readonly string[]; mountPoint: string }[];
  };
  readonly pods: { readonly running: number; readonly all: number };
};

function listFacts({ cgroup, pods, ...rest }: Found): [string, string][] {
  const hierarchies = cgroup.hierarchies.map(({ version, controllers, mountPoint }): [string, string] => [
    '',
    `v${version} ${controllers.join(',') || '(no controllers)'} on ${mountPoint}`,
  ]);
  return [
    ...Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)]),
    ['pods', `${pods.running} in run, ${pods.all} in all`],
    ['cgroups', cgroup.mode],
    ...hierarchies,
  ];
}
