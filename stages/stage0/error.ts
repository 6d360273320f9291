/** A place in a file a person wrote. Line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

/**
 * Every kind of failure a person can meet. Closed: a code is never renamed or reused, and
 * `docs/errors.md` is generated from `ERROR_CODES`, which says what each one means.
 */
export const ERROR_CODES = {
  'cli/usage': 'The command line is wrong: an unknown verb or flag, or a missing argument.',
  'manifest/syntax': 'The manifest is not well-formed YAML.',
  'manifest/schema': 'A value in the manifest does not fit the schema.',
  'manifest/unknown-field': 'A field is not in the schema; the hint names the nearest one that is.',
  'manifest/reference': 'A name in the manifest refers to something the manifest does not define.',
  'manifest/duplicate': 'Two things in one manifest carry the same name.',
  'manifest/cycle': 'Apps wait for each other in a circle.',
  'manifest/unsupported': 'The field is valid, but this version cannot run it yet.',
  'manifest/unreadable': 'The manifest file cannot be read.',
  'host/unsupported': 'This host cannot honour what the manifest asks for.',
  'host/privilege': 'The caller lacks a privilege the launch needs.',
  'host/refused': 'The kernel refused a call pod cannot do without: a full disk, a limit, a failing device.',
  'host/exhausted': 'All of something this host has are taken, such as ranges of user ids.',
  'host/tool': 'A program pod needs on this host is missing.',
  'copy/archive': 'What came on standard input is no tar archive, or holds what cannot be unpacked there.',
  'image/reference': 'An image reference cannot be parsed or names nothing.',
  'image/corrupt': 'An image is truncated, or its contents do not match their digests.',
  'image/hostile': 'An image archive holds an entry that would leave its directory, or breaks a bound.',
  'image/platform': 'An image has no variant for this machine.',
  'image/user': 'A user or group is not in the image.',
  'lock/stale': 'pod.lock pins another image, or does not pin it.',
  'lock/frozen': 'pod.lock is not to be changed here: --frozen was given, or CI is set.',
  'lock/malformed': 'pod.lock cannot be read, or is not what pod lock writes.',
  'source/reference': 'A source of manifests cannot be parsed, or names nothing that is there.',
  'source/unreachable': 'Git could not get what a source of manifests names.',
  'source/hostile': 'A repository holds what would leave its folder, or what is not taken from repositories.',
  'source/signature': 'A commit is not signed by an allowed signer.',
  'source/busy': 'Another process fetches the same source, for longer than is waited for.',
  'network/exhausted': 'No address is free in the bridge network.',
  'network/port-taken': 'A published host port is already in use.',
  'network/failed': 'The kernel refused a change of the network.',
  'pod/not-found': 'No pod has that uuid, prefix or name.',
  'pod/ambiguous': 'More than one pod matches.',
  'pod/name-taken': 'A pod of that name exists already.',
  'pod/state': 'The pod is not in a state that allows this.',
  'pod/app-not-found': 'The pod has no app of that name.',
  'pod/fixed': 'A pod that runs keeps this as it was started with it; `pod update` cannot change it.',
  'pod/start-failed': 'A system call of the launch failed; the place is the manifest line that asked for it.',
  'pod/command-not-found': 'The command to run does not exist in the app (exit 127).',
  'pod/command-not-runnable': 'The command to run exists but cannot be executed (exit 126).',
  'pod/died': 'The pod died before it could say why.',
  'pod/timeout': 'The time limit passed first.',
  'set/folder': 'The folder of a set cannot be read.',
  'set/name': 'That cannot be the name of a set.',
  'set/not-found': 'No set has that name.',
  'set/other-folder': 'The set of that name belongs to another folder.',
  'set/busy': 'Another pod process is changing the set.',
  'set/suspended': 'The set is suspended.',
  'set/damaged': 'The inventory of a set, which says which pods it has, cannot be read.',
  'set/empty': 'Pruning would remove every pod of the set.',
  'set/plan': 'A saved plan cannot be read, or the state has moved since it was made.',
  'set/revision': 'The set has no such revision to go back to.',
  'test/options': 'An option of a test environment, or of a call of the library, is wrong.',
  'test/setup': 'What the setup of a test environment has left is not to be kept: a command or a pod of it has failed.',
  'state/io': 'The state directory cannot be read or written.',
  'tape/malformed': 'A launch tape breaks the format; stage1 refused to play it.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface PodErrorInit {
  readonly hint?: string | undefined;
  readonly at?: Position | undefined;
  readonly cause?: unknown;
  /** The pod that has what was wanted. */
  readonly holder?: string | undefined;
}

/**
 * A failure that is meant for a person. `message` says what was attempted, a colon, what was found; `hint` says what to do.
 * A plain `Error` is a bug of ours and shows its stack.
 */
export class PodError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly at: Position | undefined;
  readonly holder: string | undefined;

  constructor(code: ErrorCode, message: string, init: PodErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'PodError';
    this.code = code;
    this.hint = init.hint;
    this.at = init.at;
    this.holder = init.holder;
  }
}

/** Several failures found in one go, sorted by place. Its message is all that a test runner shows: places and hints are in it. */
export class PodErrors extends Error {
  readonly errors: readonly PodError[];

  constructor(errors: readonly PodError[]) {
    const sorted = [...errors].sort(comparePlaces);
    super(sorted.map(lineOf).join('\n'));
    this.name = 'PodErrors';
    this.errors = sorted;
  }
}

function lineOf({ at, message, hint }: PodError): string {
  const place = at ? `${at.file}:${at.line}:${at.col}: ` : '';
  return `${place}${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`;
}

/** What `act` makes of each item. Throws `PodErrors` with all that failed, once every item was tried. */
export function mapAll<Item, Result>(items: Iterable<Item>, act: (item: Item) => Result): Result[] {
  const errors: PodError[] = [];
  const results: Result[] = [];
  for (const item of items) {
    try {
      results.push(act(item));
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  if (errors.length > 0) throw new PodErrors(errors);
  return results;
}

/** The failures meant for a person that were thrown, one or several; anything else is thrown on. */
export function podErrorsOf(error: unknown): readonly PodError[] {
  if (error instanceof PodError) return [error];
  if (error instanceof PodErrors) return error.errors;
  throw error;
}

function comparePlaces(a: PodError, b: PodError): number {
  const left = a.at;
  const right = b.at;
  if (!left || !right) return Number(!left) - Number(!right);
  return left.file.localeCompare(right.file) || left.line - right.line || left.col - right.col;
}
