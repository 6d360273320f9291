import { OF_A_PROCESS } from './fixed.ts';
import { statusField, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

function lower(value: string, draft: Draft, context: IsolatorContext): void {
  draft.process.umask = { value: Number.parseInt(value, 8), at: context.at };
}

export const UMASK: Isolator<string> = {
  name: 'os/linux/umask',
  example: '0027',
  scopes: ['app'],
  schema: {
    type: 'string',
    pattern: '^0?[0-7]{3}$',
    'x-expects': 'three octal digits, as in "022"',
    description:
      'The permissions to remove from files that the app creates, in octal: "0027". Must be a string, because YAML reads 0027 as a number. Default: "0022".',
  },
  lower,
  fixed: OF_A_PROCESS,
  readBack: (source) => unlessEmpty({ mask: statusField(source, 'Umask') }),
};
