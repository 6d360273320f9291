'use strict';

// Uses the library as a suite of tests does, then writes its code cache, with all functions that were compiled:
// train-library.cjs LIBRARY ROOT CACHE [--import-only], with LIBRARY the path of bin/library.cjs. Without the privilege to run pods it holds what an import needs.

const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const [path, root, cache, isImportOnly] = process.argv.slice(2);
const { library, script } = require(path);

const MANIFEST = {
  apiVersion: 'pod/v1',
  kind: 'Pod',
  metadata: { name: 'trains' },
  apps: [
    {
      name: 'app',
      image: 'host',
      exec: ['/bin/sleep', '60'],
      isolators: { 'resource/cpu': { limit: '500m' }, 'resource/memory': { limit: '64Mi' } },
    },
  ],
};

async function usePod() {
  const pod = await library.index.run(MANIFEST, { root });
  await pod.exec(['/bin/true']);
  await pod.stop();
  await pod.remove();
}

async function useEnvironment() {
  const file = join(root, 'trains.pod.yaml');
  writeFileSync(file, JSON.stringify(MANIFEST));
  const setup = (made) => made.pods.trains.exec(['/bin/true']);
  const stack = library.test.environment('trains', { manifests: [file], root, setup });
  const environment = await stack.clone();
  await environment.pods.trains.exec(['/bin/true']);
  await environment.reset();
  await environment.dispose();
}

async function train() {
  if (!isImportOnly) {
    await usePod();
    await useEnvironment();
  }
  writeFileSync(cache, script.createCachedData());
}

train().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
