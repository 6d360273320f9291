import { importOfLibrary } from '../ours/library.mjs';
import { bareNode } from '../peers/node.mjs';

/** Verbs that touch no pod, and what every file of tests pays before its first. */
export const startUp = {
  name: 'start-up',
  rounds: 30,
  subjects: {
    'pod --help': async (context) => context.cli().repeat('--help'),
    'pod ps': async (context) => context.cli().repeat('ps'),
    'import of the library': async (context) => importOfLibrary(context.workspace),
    'node -e 0': async (context) => bareNode(context.workspace),
  },
  bars: [
    { subject: 'pod --help', peer: 'node -e 0', plusMs: 8 },
    { subject: 'pod ps', peer: 'node -e 0', plusMs: 12 },
    { subject: 'import of the library', peer: 'node -e 0', times: 3 },
  ],
};
