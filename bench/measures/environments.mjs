/** Clones of a PostgreSQL with a seeded database, ready to be asked; the last two are what one would do without. */
export const environments = {
  name: 'test environment',
  rounds: 15,
  subjects: {
    'clone of PostgreSQL': async (context) => (await context.environments()).cloner('database'),
    'its reset': async (context) => (await context.environments()).resetter('database'),
    '8 clones at once': async (context) => (await context.environments()).cloner('database', 8),
    'clone of an empty app': async (context) => (await context.environments()).cloner('empty'),
    'CREATE DATABASE … TEMPLATE': async (context) => (await context.environments()).templater(),
    'initdb, start, seed': async (context) => (await context.environments()).fresh(),
  },
  bars: [
    { subject: 'clone of PostgreSQL', atMost: 80, unit: 'ms' },
    { subject: 'its reset', atMost: 60, unit: 'ms' },
    { subject: 'clone of an empty app', atMost: 10, unit: 'ms' },
    { subject: '8 clones at once', peer: 'clone of PostgreSQL', times: 8 },
    { subject: 'clone of PostgreSQL', peer: 'CREATE DATABASE … TEMPLATE', times: 2 },
    { subject: 'clone of PostgreSQL', peer: 'initdb, start, seed', times: 0.1 },
  ],
};
