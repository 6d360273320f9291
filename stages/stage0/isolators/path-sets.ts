import { IN_THE_POD } from './fixed.ts';
import type { Draft, Isolator, IsolatorContext, JsonSchema, Named } from './isolator.ts';

export interface PathSetValue {
  readonly set: readonly string[];
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
        items: { type: 'string', pattern: '^(/[^/\\u0000-\\u001f\\u007f]+)+$' },
        description: "Absolute paths in the app's root; links in them lead to places inside it.",
      },
    },
  };
}

/** An isolator that is a set of paths in an app's root. */
export function pathSet(name: string, description: string, listOf: (draft: Draft) => Named[]): Isolator<PathSetValue> {
  const lower = ({ set }: PathSetValue, draft: Draft, context: IsolatorContext): void => {
    listOf(draft).push(...set.map((value, index) => ({ value, at: context.atOf(`/set/${index}`) })));
  };
  return { name, example: { set: ['/tmp'] }, scopes: ['app'], schema: schema(description), lower, fixed: IN_THE_POD };
}
