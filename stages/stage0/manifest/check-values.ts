import type { Outline, OutlineApp } from './outline.ts';
import { relativePathProblem } from './paths.ts';
import { join } from './pointer.ts';
import { backoffOf } from './backoff.ts';
import { parseDurationMs } from './quantity.ts';
import type { Report } from './report.ts';
import { show } from './show.ts';

export function checkValues(outline: Outline, report: Report): void {
  for (const app of outline.apps) {
    checkCommand(app, report);
    checkWorkingDirectory(app, report);
    checkEnv(app, report);
    checkImage(app, report);
    checkId(app.user, join(app.pointer, 'user'), outline.usernsSize, report);
    checkId(app.group, join(app.pointer, 'group'), outline.usernsSize, report);
    for (const [index, gid] of app.supplementaryGids.entries()) {
      checkId(gid, join(join(app.pointer, 'supplementaryGids'), index), outline.usernsSize, report);
    }
    checkRestart(app, report);
    checkHooks(app, report);
    if (app.stopGrace !== undefined) checkDuration(join(join(app.pointer, 'stop'), 'grace'), app.stopGrace, report);
  }
}

function checkCommand({ exec, pointer }: OutlineApp, report: Report): void {
  if (exec?.[0] === '')
    report.error('manifest/schema', join(join(pointer, 'exec'), 0), 'the name of the command is empty');
}

function checkWorkingDirectory({ workingDirectory, pointer }: OutlineApp, report: Report): void {
  if (workingDirectory === undefined || workingDirectory === '/') return;
  // One slash at the end is how many people write a directory.
  const problem = relativePathProblem(workingDirectory.replace(/\/$/, '').slice(1));
  if (problem)
    report.error('manifest/schema', join(pointer, 'workingDirectory'), `${show(workingDirectory)} ${problem}`);
}

/** What programs copy into passwd-like lines, prompts and paths: a line break there would forge a second line. */
const ONE_LINE = new Set([
  'HOME',
  'HOSTNAME',
  'LANG',
  'LOGNAME',
  'PATH',
  'PWD',
  'SHELL',
  'TERM',
  'TMPDIR',
  'TZ',
  'USER',
]);

function checkEnv({ env, pointer }: OutlineApp, report: Report): void {
  for (const [name, value] of Object.entries(env)) {
    const at = join(join(pointer, 'env'), name);
    // eslint-disable-next-line no-control-regex
    if (ONE_LINE.has(name) && /[\0-\x1f\x7f]/.test(value)) {
      report.error('manifest/schema', at, `${show(value)} holds a line break or another control character`);
    }
    if (name === 'HOME' && value.includes(':'))
      report.error('manifest/schema', at, `${show(value)} holds ":", which separates the fields of passwd`);
  }
}

/** `oci:PATH[:TAG]` needs a path, whatever the tag. */
function checkImage({ image, pointer }: OutlineApp, report: Report): void {
  if (image !== undefined && /^(oci|docker-archive)::/.test(image)) {
    report.error(
      'manifest/schema',
      join(pointer, 'image'),
      `${show(image)} has no path`,
      'write oci:PATH or oci:PATH:TAG',
    );
  }
}

/**
 * Numbers are ids as they are; never looked up as names, never read in another base than they look like. `size` is how many
 * ids the pod's user namespace has; 0 for none.
 */
function checkId(id: string | number | undefined, at: string, size: number, report: Report): void {
  if (id === undefined || (typeof id === 'string' && !/^[0-9]+$/.test(id))) return;
  const written = typeof id === 'number' ? (report.document.sourceOf(at) ?? String(id)) : id;
  const number = Number(id);
  if (written !== String(number)) {
    report.error(
      'manifest/schema',
      at,
      `${show(written)} is not a plain decimal number`,
      `write ${number} if that is the intended number`,
    );
  } else if (number > MAX_ID) {
    report.error('manifest/schema', at, `${number} is above ${MAX_ID}`);
  } else if (size > 0 && number >= size) {
    const more =
      number < MAX_USERNS_SIZE
        ? `give it more, with "userns: {size: ${number + 1}}"`
        : 'with "userns: host" any id is allowed';
    const hint = `choose a smaller id; ${more}`;
    report.error('manifest/schema', at, `${number} is outside the pod's user namespace, which has ${size} ids`, hint);
  }
}

/** The range that every pod of this host has to itself. */
const MAX_USERNS_SIZE = 65536;

/** 2^32 - 1 means "no id" to the kernel. */
const MAX_ID = 2 ** 32 - 2;

function checkRestart(app: OutlineApp, report: Report): void {
  checkBackoff(app, report);
  const { restart, pointer } = app;
  if (restart?.maxRetries === undefined || restart.policy !== 'never') return;
  const at = join(join(pointer, 'restart'), 'maxRetries');
  report.warn('manifest/schema', at, 'has no effect: the policy is "never"', 'set policy to "on-failure" or "always"');
}

function checkHooks({ hooks, pointer }: OutlineApp, report: Report): void {
  const limit = hooks?.['timeout'];
  if (typeof limit === 'string') checkDuration(join(join(pointer, 'hooks'), 'timeout'), limit, report, true);
}

const BACKOFF_DURATIONS = ['initial', 'cap', 'reset'] as const;

function checkBackoff({ restart, pointer }: OutlineApp, report: Report): void {
  if (!restart) return;
  const at = join(join(pointer, 'restart'), 'backoff');
  const written = BACKOFF_DURATIONS.filter((key) => typeof restart.backoff[key] === 'string');
  for (const key of written) checkDuration(join(at, key), restart.backoff[key] as string, report, key !== 'reset');
  if (restart.policy === 'never' && written.length > 0)
    report.warn(
      'manifest/schema',
      at,
      'has no effect: the policy is "never"',
      'set policy to "on-failure" or "always"',
    );
  report.try(at, () => {
    const { initialMs, capMs } = backoffOf(restart.backoff);
    if (capMs >= initialMs || capMs === 0) return;
    report.error('manifest/schema', at, 'the cap is below the initial pause', 'give a "cap" that is not shorter');
  });
}

export function checkDuration(at: string, value: string, report: Report, mustPass = false): void {
  report.try(at, () => {
    if (parseDurationMs(value) === 0 && mustPass) report.error('manifest/schema', at, 'must be longer than 0');
  });
}
