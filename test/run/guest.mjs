// Plays bundled test files where another kernel runs, and prints `MARK RESULT` for each, with the result as JSON: see play.mjs.

import { playFiles } from './play.mjs';

const [mark, ...bundles] = process.argv.slice(2);
await playFiles(new Map(bundles.map((bundle) => [bundle, bundle])), 1, (result) =>
  console.log(`${mark} ${JSON.stringify(result)}`),
);
