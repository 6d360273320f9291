// Runs bundled test files with node:test and tells failures from the rest.

import { basename } from 'node:path';
import { run } from 'node:test';

/** A file that hangs is ended after this long. */
const FILE_TIMEOUT_MS = 240_000;

/** `{passed, failures: [{name, file, text}], skips: [{name, file, text}]}` of the files. */
export async function playFiles(bundles, concurrency) {
  const result = { passed: 0, failures: [], skips: [] };
  if (bundles.length === 0) return result;
  const output = new Map();
  const keepOutput = ({ file, message }) => output.set(file, (output.get(file) ?? '') + message);
  const stream = run({ files: bundles, concurrency, timeout: FILE_TIMEOUT_MS });
  stream.on('test:pass', (event) => notePass(result, event));
  stream.on('test:fail', (event) => noteFailure(result, event, output));
  stream.on('test:stderr', keepOutput);
  stream.on('test:stdout', keepOutput);
  stream.resume();
  await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
  return result;
}

function howItEnded({ exitCode, signal }) {
  return signal ? ` (killed by ${signal})` : ` (exit code ${exitCode})`;
}

function isSuite(event) {
  return event.details.type === 'suite';
}

/** Node reports a whole file as one more test, named after it. */
function isFile(event) {
  return (
    event.file !== undefined &&
    event.nesting === 0 &&
    event.name.endsWith('.test.cjs') &&
    event.name.includes(basename(event.file))
  );
}

function notePass(result, event) {
  if (isSuite(event) || isFile(event)) return;
  if (event.skip !== undefined || event.todo !== undefined) {
    const reason = event.skip ?? event.todo;
    result.skips.push({
      name: event.name,
      file: event.file,
      text: typeof reason === 'string' ? reason : 'no reason given',
    });
  } else result.passed += 1;
}

function noteFailure(result, event, output) {
  const error = event.details.error;
  // The tests below have failed on their own account; saying so again for what holds them would count them twice.
  if (error?.failureType === 'subtestsFailed') return;
  const cause =
    error?.cause instanceof Error
      ? (error.cause.stack ?? error.cause.message)
      : String(error?.cause ?? error?.message ?? error);
  const text = isFile(event) ? `${cause}${howItEnded(error)}\n${output.get(event.file) ?? ''}` : cause;
  result.failures.push({ name: event.name, file: event.file, text: text.trim() });
}
