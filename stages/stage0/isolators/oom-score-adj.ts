import { hasCapability } from '../../linux/capabilities.ts';
import { PodError } from '../error.ts';
import { UNTIL_RESTART } from './fixed.ts';
import { boundOf, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

function lower(value: number | string, draft: Draft, context: IsolatorContext): void {
  const score = Number(value);
  if (!Number.isInteger(score) || score < -1000 || score > 1000) {
    throw new PodError('manifest/schema', `set the OOM score to "${value}": not a whole number from -1000 to 1000`, {
      at: context.at,
    });
  }
  if (score < 0 && !hasCapability(context.host.effectiveCapabilities, 'CAP_SYS_RESOURCE')) {
    throw new PodError('host/privilege', `set the OOM score to ${score}: the caller lacks CAP_SYS_RESOURCE`, {
      at: context.at,
      hint: 'a score below 0 protects the app at the expense of the host; use 0 or more',
    });
  }
  draft.process.oomScoreAdj = { value: score, at: context.at };
}

export const OOM_SCORE_ADJ: Isolator<number | string> = {
  name: 'os/linux/oom-score-adj',
  example: 500,
  trials: [{ of: 'below 0', value: -1 }],
  scopes: ['app'],
  schema: {
    type: ['integer', 'string'],
    minimum: -1000,
    maximum: 1000,
    pattern: '^-?[0-9]{1,4}$',
    'x-expects': 'a whole number from -1000 to 1000',
    description:
      'How early the kernel kills the app when memory runs out: 1000 is first, -1000 is never. A value below 0 needs CAP_SYS_RESOURCE on the host. Default: 0.',
  },
  lower,
  ofImage: (value) =>
    Number(value) < 0 ? { refused: 'a score below 0 protects the app at the expense of others' } : { value },
  fixed: UNTIL_RESTART,
  readBack: ({ proc }) => unlessEmpty({ score: boundOf(proc('oom_score_adj')) }),
};
