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
  'manifest/unknown-field':
    'The manifest has a field that is not in the schema; the hint names the most similar known field.',
  'manifest/reference': 'A name in the manifest refers to something the manifest does not define.',
  'manifest/duplicate': 'Two items in one manifest have the same name.',
  'manifest/cycle': 'Apps wait for each other in a cycle.',
  'manifest/unsupported': 'A value is valid, but pod does not support it there.',
  'manifest/unreadable': 'The manifest file cannot be read.',
  'convert/format': 'The file to convert is not a manifest that pod can convert.',
  'convert/no-counterpart': 'The manifest to convert says something that the other format cannot say.',
  'host/unsupported': 'This host does not support something the manifest asks for.',
  'host/privilege': 'The caller lacks a privilege that the launch needs.',
  'host/refused':
    'The kernel refused a call that pod needs, for example because of a full disk, a limit or a failing device.',
  'host/exhausted': 'A resource of this host is used up, such as the ranges of user ids.',
  'host/tool': 'A program that pod needs is missing on this host.',
  'copy/archive':
    'Standard input is not a tar archive, or the archive has an entry that cannot be unpacked at the destination.',
  'image/reference': 'An image reference cannot be parsed, or no image exists under it.',
  'image/corrupt': 'An image is truncated, or its contents do not match their digests.',
  'image/hostile': 'An image archive has an entry that would leave its directory, or exceeds a limit.',
  'image/manifest':
    'The manifest of an App Container Image does not fit its specification, or asks for something that an image may not decide.',
  'image/mount-point': 'An App Container Image expects a volume at a path where the manifest of the pod mounts none.',
  'image/platform': 'An image has no variant for the platform of this machine.',
  'image/unreachable':
    'A registry cannot be reached, does not answer as a registry does, or sends elsewhere what must not go there.',
  'image/denied': 'A registry refuses access to an image, or the credentials for it cannot be read.',
  'image/untrusted': 'An image must be signed, and has no signature by a key that is trusted for it.',
  'image/user': 'A user or group does not exist in the image.',
  'trust/key': 'A file is not a public key that signatures of images can be verified with.',
  'trust/not-found': 'No key is trusted for that prefix.',
  'lock/stale': 'pod.lock pins a different image, or does not pin the image.',
  'lock/frozen': 'pod.lock must not change here, because --frozen was given or CI is set.',
  'lock/malformed': 'pod.lock cannot be read, or is not in the format that pod lock writes.',
  'source/reference': 'A source of manifests cannot be parsed, or does not exist.',
  'source/unreachable': 'Git could not fetch a source of manifests.',
  'source/hostile':
    'A repository has an entry that would leave its folder, or an entry that pod does not accept from repositories.',
  'source/signature': 'A commit is not signed by an allowed signer.',
  'source/busy': 'Another process is fetching the same source, and did not finish within the time pod waits.',
  'network/exhausted': 'No address is free in the bridge network.',
  'network/address': 'The host does not have the address on which a port is published.',
  'network/port-taken': 'A published host port is already in use.',
  'network/not-found': 'No CNI network has that name.',
  'network/malformed': 'The configuration of a CNI network cannot be read or used.',
  'network/plugin': 'A CNI plugin failed, or cannot do what the manifest asks for.',
  'network/failed': 'The kernel refused a change to the network.',
  'pod/not-found': 'No pod has that uuid, prefix or name.',
  'pod/ambiguous': 'More than one pod matches.',
  'pod/name-taken': 'A pod with that name already exists.',
  'pod/state': 'The pod is in a state that does not allow the operation.',
  'pod/app-not-found': 'The pod has no app with that name.',
  'pod/fixed': 'The value is fixed when the pod starts; `pod update` cannot change it in a running pod.',
  'pod/start-failed': 'A system call of the launch failed; the place is the manifest line that asked for it.',
  'pod/command-not-found': 'The command to run does not exist in the app (exit 127).',
  'pod/command-not-runnable': 'The command to run exists, but cannot be executed (exit 126).',
  'pod/died': 'The pod died before it could report a reason.',
  'pod/timeout': 'The time limit passed before the operation finished.',
  'set/folder': 'The folder of a set cannot be read.',
  'set/name': 'The name is not valid for a set.',
  'set/not-found': 'No set has that name.',
  'set/other-folder': 'The set with that name belongs to another folder.',
  'set/busy': 'Another pod process is changing the set.',
  'set/suspended': 'The set is suspended.',
  'set/damaged': 'The inventory of a set, which lists its pods, cannot be read.',
  'set/empty': 'Pruning would remove every pod of the set.',
  'set/plan': 'A saved plan cannot be read, or the state has changed since the plan was saved.',
  'set/revision': 'The set has no such revision to roll back to.',
  'test/options': 'An option of a test environment or of a library call is wrong.',
  'test/setup': 'A command or a pod failed in the setup of a test environment, so its result is not kept.',
  'state/io': 'The state directory cannot be read or written.',
  'tape/malformed': 'A launch tape violates the tape format; stage1 refused to run it.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface PodErrorInit {
  readonly hint?: string | undefined;
  readonly at?: Position | undefined;
  readonly cause?: unknown;
  /** The pod that has what was wanted. */
  readonly holder?: string | undefined;
  /** Its state directory, if it is another one. */
  readonly holderRoot?: string | undefined;
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
  readonly holderRoot: string | undefined;

  constructor(code: ErrorCode, message: string, init: PodErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'PodError';
    this.code = code;
    this.hint = init.hint;
    this.at = init.at;
    this.holder = init.holder;
    this.holderRoot = init.holderRoot;
  }
}

const DENIALS: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** The hint of a failure in the state directory: for a denial by the kernel what to do, otherwise undefined. */
export function denialHint(cause: unknown): string | undefined {
  const { code } = cause as NodeJS.ErrnoException;
  return DENIALS.has(code) ? 'choose a directory that you own and can write to with --root' : undefined;
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

function lineOf(error: PodError): string {
  const { message, hint } = error;
  return `${placed(error)}${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`;
}

/** `FILE:LINE:COLUMN: `, or nothing when the error has no place. */
export function placed({ at }: PodError): string {
  return at ? `${at.file}:${at.line}:${at.col}: ` : '';
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

/** The error of a failed system call, whether made by Node, which sets `code`, or by `stages/linux`. */
export function isKernelError(error: unknown): error is Error & { readonly syscall: string; readonly code?: string } {
  return error instanceof Error && 'syscall' in error;
}

/** Does each of them. Throws `PodErrors` with all that failed, once every one was tried. */
export function tryAll(...acts: readonly (() => void)[]): void {
  mapAll(acts, (act) => act());
}

/** The failures meant for a person that were thrown, one or several; anything else is thrown on. */
export function podErrorsOf(error: unknown): readonly PodError[] {
  if (error instanceof PodError) return [error];
  if (error instanceof PodErrors) return error.errors;
  throw error;
}

/** Tells the places of one file apart. */
export function placeOf({ at }: PodError): string {
  return `${at?.line}:${at?.col}`;
}

function comparePlaces(a: PodError, b: PodError): number {
  const left = a.at;
  const right = b.at;
  if (!left || !right) return Number(!left) - Number(!right);
  return left.file.localeCompare(right.file) || left.line - right.line || left.col - right.col;
}
