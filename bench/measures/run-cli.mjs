import { bareNode } from '../peers/node.mjs';

/** The same from the command line, Node's own start included. */
export const runCli = {
  name: 'run /bin/true',
  rounds: 20,
  subjects: {
    'command line': async (context) => context.cli().runner(),
    'node -e 0': async (context) => bareNode(context.workspace),
    'podman run, bridge': async (context) => context.podman().runner(),
  },
  bars: [
    { subject: 'command line', peer: 'node -e 0', plusMs: 25 },
    { subject: 'command line', peer: 'podman run, bridge', times: 0.2 },
  ],
};
