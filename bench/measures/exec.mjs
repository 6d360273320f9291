/** /bin/true in a pod that runs already. */
export const exec = {
  name: 'exec /bin/true',
  rounds: 20,
  subjects: {
    library: async (context) => (await context.library()).execer(),
    'command line': async (context) => context.cli().execer(),
    'podman exec': async (context) => context.podman().execer(),
  },
  bars: [
    { subject: 'library', atMost: 2, unit: 'ms' },
    { subject: 'command line', peer: 'podman exec', times: 0.4 },
  ],
};
