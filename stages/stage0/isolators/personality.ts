import { OF_A_PROCESS } from './fixed.ts';
import { boundOf, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

export interface PersonalityValue {
  readonly domain?: 'linux' | 'linux32';
  readonly flags?: readonly string[];
}

/** uapi/linux/personality.h */
const DOMAINS = { linux: 0, linux32: 8 } as const;
/** Those that weaken nobody but the app itself; READ_IMPLIES_EXEC and MMAP_PAGE_ZERO undo protections of the kernel's. */
const FLAGS: Readonly<Record<string, number>> = {
  ADDR_NO_RANDOMIZE: 0x0040000,
  ADDR_COMPAT_LAYOUT: 0x0200000,
  UNAME26: 0x0020000,
};

function lower({ domain = 'linux', flags = [] }: PersonalityValue, draft: Draft, context: IsolatorContext): void {
  const persona = flags.reduce<number>((sum, flag) => sum | FLAGS[flag]!, DOMAINS[domain]);
  draft.process.settings.push({
    call: 'personality',
    args: [persona],
    at: context.at,
    why: `set the personality to ${[domain, ...flags].join(', ')}`,
  });
}

function hexadecimal(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `0x${text.trim()}`;
}

export const PERSONALITY: Isolator<PersonalityValue> = {
  name: 'os/linux/personality',
  example: { flags: ['ADDR_NO_RANDOMIZE'] },
  scopes: ['app'],
  schema: {
    type: 'object',
    description:
      'How the kernel presents itself to the app, as with setarch(8). Default: the plain domain without flags, whatever the personality of the caller.',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      domain: {
        enum: Object.keys(DOMAINS),
        description: '"linux32" makes uname(2) report the 32-bit machine, for builds. Default: "linux".',
      },
      flags: {
        type: 'array',
        uniqueItems: true,
        items: { enum: Object.keys(FLAGS) },
        description: 'ADDR_NO_RANDOMIZE for a debugger or a reproducible layout, ADDR_COMPAT_LAYOUT, UNAME26.',
      },
    },
  },
  lower,
  fixed: OF_A_PROCESS,
  // In hexadecimal.
  readBack: ({ proc }) => unlessEmpty({ persona: boundOf(hexadecimal(proc('personality'))) }),
};
