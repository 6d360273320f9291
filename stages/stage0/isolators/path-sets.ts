import { mapAll, PodError, type Position } from '../error.ts';
import { IN_THE_POD } from './fixed.ts';
import { unlessEmpty } from './in-force.ts';
import type { Draft, InForceSource, Isolator, IsolatorContext, JsonSchema, Named } from './isolator.ts';

export interface PathSetValue {
  readonly set: readonly string[];
}

export interface PathSetKind {
  readonly name: string;
  readonly description: string;
  /** What is done to a path, as in `hide "/etc"`. */
  readonly verb: string;
  readonly listOf: (draft: Draft) => Named[];
  /** Without them no app would start. */
  readonly needed?: readonly string[];
  /** Those of which it is true in an app that runs. */
  readonly inForce: (source: InForceSource) => string[] | undefined;
}

function schema(description: string): JsonSchema {
  return {
    type: 'object',
    description,
    additionalProperties: false,
    required: ['set'],
    properties: {
      set: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: {
          type: 'string',
          pattern: '^(/[^/\\u0000-\\u001f\\u007f]+)+$',
          'x-expects': 'an absolute path, without "/" twice or at its end',
        },
        description:
          'Absolute paths in the root of the app, without `.` and `..`. Symlinks in them resolve inside that root. Per-process files, such as /proc/self/status, are not allowed.',
      },
    },
  };
}

/** proc(5): links to what is the calling process's own, where a mount would be in the way of one process alone. */
const OF_A_PROCESS = /^\/proc\/(self|thread-self|[0-9]+|mounts|net)(\/|$)/;

function check(path: string, at: Position, { verb, needed = [] }: PathSetKind): void {
  const what = `${verb} "${path}"`;
  if (path.split('/').some((part) => part === '.' || part === '..'))
    throw new PodError('manifest/schema', `${what}: it has "." or ".." in it`, {
      at,
      hint: 'write the path without them',
    });
  if (needed.includes(path)) throw new PodError('manifest/schema', `${what}: the launch of the app needs it`, { at });
  if (!OF_A_PROCESS.test(path)) return;
  throw new PodError('manifest/schema', `${what}: this path is a different file for every process`, {
    at,
    hint: 'to hide the processes of other apps, set "os/linux/namespaces: {pid: app}" in the pod',
  });
}

/** An isolator that is a set of paths in an app's root. */
export function pathSet(kind: PathSetKind): Isolator<PathSetValue> {
  const { name, description, listOf, inForce } = kind;
  const lower = ({ set }: PathSetValue, draft: Draft, context: IsolatorContext): void => {
    mapAll(set.entries(), ([index, value]) => {
      const at = context.atOf(`/set/${index}`);
      check(value, at, kind);
      listOf(draft).push({ value, at });
    });
  };
  return {
    name,
    example: { set: ['/tmp'] },
    scopes: ['app'],
    schema: schema(description),
    lower,
    fixed: IN_THE_POD,
    readBack: (source) => unlessEmpty({ set: inForce(source) }),
  };
}
