/** From the first call to all apps running. */
export const apps = {
  name: 'start a pod',
  rounds: 20,
  subjects: {
    '3 apps': async (context) => (await context.library()).starter(3),
    '1 app': async (context) => (await context.library()).starter(1),
  },
  bars: [{ subject: '3 apps', peer: '1 app', times: 1.5 }],
};
