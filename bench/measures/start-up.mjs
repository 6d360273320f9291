import { bareNode } from '../peers/node.mjs';

/** Verbs that touch no pod. */
export const startUp = {
  name: 'start-up',
  rounds: 30,
  subjects: {
    'pod --help': async (context) => context.cli().repeat('--help'),
    'pod ps': async (context) => context.cli().repeat('ps'),
    'node -e 0': async (context) => bareNode(context.workspace),
  },
  bars: [
    { subject: 'pod --help', peer: 'node -e 0', plusMs: 8 },
    { subject: 'pod ps', peer: 'node -e 0', plusMs: 12 },
  ],
};
