/** /bin/true from the first call to its exit, from the library. */
export const runLibrary = {
  name: 'run /bin/true',
  rounds: 30,
  subjects: {
    library: async (context) => (await context.library()).runner(),
    'crun, podman’s filter': async (context) => context.crun().runner({ filter: true }),
    'crun, no filter': async (context) => context.crun().runner({ filter: false }),
  },
  bars: [
    { subject: 'library', peer: 'crun, podman’s filter', times: 0.5 },
    { subject: 'library', peer: 'crun, no filter', times: 0.8 },
  ],
};
