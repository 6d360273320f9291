// Runs bundled test files with node:test and tells failures from the rest.

import { run } from 'node:test';

/** A file that hangs is ended after this long: many times what the longest of them takes, on a slow machine too. */
const FILE_TIMEOUT_MS = 1_200_000;

/**
 * Plays `files`, a map from source to bundle, so many at a time. Results are in the files' order:
 * `{file, passed, failures: [{name, text}], skips: [{name, text}], ms}`.
 */
export async function playFiles(files, concurrency, onResult = () => {}) {
  const queue = [...files];
  const results = new Map();
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [file, bundle] = next;
      results.set(file, await playFile(file, bundle));
      onResult(results.get(file));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return [...files.keys()].map((file) => results.get(file));
}

async function playFile(file, bundle) {
  const startMs = Date.now();
  const result = { file, passed: 0, failures: [], skips: [], ms: 0 };
  let output = '';
  const keepOutput = ({ message }) => {
    output += message;
    // What somebody asked for by POD_SWEEP.
    if (message.startsWith('sweep of')) process.stdout.write(message);
  };
  const stream = run({ files: [bundle], timeout: FILE_TIMEOUT_MS });
  stream.on('test:pass', (event) => notePass(result, event));
  stream.on('test:fail', (event) => noteFailure(result, event, () => output));
  stream.on('test:stderr', keepOutput);
  stream.on('test:stdout', keepOutput);
  stream.resume();
  await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
  result.ms = Date.now() - startMs;
  return result;
}

/** Node reports a whole file as one more test, named after it. */
function isFile({ name, nesting }) {
  return nesting === 0 && /^\/.*\.(cjs|ts)$/.test(name);
}

function notePass(result, event) {
  if (event.details.type === 'suite' || isFile(event)) return;
  const reason = event.skip ?? event.todo;
  if (reason === undefined) result.passed += 1;
  else result.skips.push({ name: event.name, text: typeof reason === 'string' ? reason : 'no reason given' });
}

function noteFailure(result, event, getOutput) {
  const { error } = event.details;
  // The tests below have failed on their own account; saying so again for what holds them would count them twice.
  if (error?.failureType === 'subtestsFailed') return;
  const cause =
    error?.cause instanceof Error
      ? (error.cause.stack ?? error.cause.message)
      : String(error?.cause ?? error?.message ?? error);
  if (!isFile(event)) result.failures.push({ name: event.name, text: cause.trim() });
  else if (error?.failureType === 'hookFailed')
    result.failures.push({ name: 'the hooks of the file', text: cause.trim() });
  else
    result.failures.push({ name: 'the file as a whole', text: `${cause}${howItEnded(error)}\n${getOutput()}`.trim() });
}

function howItEnded({ exitCode, signal }) {
  return signal ? ` (killed by ${signal})` : ` (exit code ${exitCode})`;
}
