import { PodError } from '../error.ts';
import { requireController } from './controllers.ts';
import { MAX_SHARES, MIN_SHARES, sharesToWeight } from './cpu.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

function lower(value: number | string, draft: Draft, context: IsolatorContext): void {
  const { version } = requireController(context, 'cpu', CPU_SHARES.name);
  const { at } = context;
  const shares = Number(value);
  if (shares < MIN_SHARES || shares > MAX_SHARES) {
    throw new PodError('manifest/schema', `give ${value} cpu shares: the kernel takes ${MIN_SHARES} to ${MAX_SHARES}`, {
      at,
    });
  }
  const file = version === 2 ? 'cpu.weight' : 'cpu.shares';
  const before = draft.cgroup.findIndex((write) => write.file === file);
  if (before >= 0 && !draft.cgroup[before]!.implied) {
    throw new PodError('manifest/schema', `give ${value} cpu shares: resource/cpu requests a share as well`, {
      at,
      hint: 'write one of the two',
    });
  }
  if (before >= 0) draft.cgroup.splice(before, 1);
  draft.cgroup.push({
    controller: 'cpu',
    file,
    value: `${version === 2 ? sharesToWeight(shares) : shares}`,
    at,
    why: `give ${value} cpu shares`,
    unset: version === 2 ? '100' : '1024',
  });
}

export const CPU_SHARES: Isolator<number | string> = {
  name: 'os/linux/cpu-shares',
  example: 512,
  scopes: ['app', 'pod'],
  schema: {
    type: ['integer', 'string'],
    minimum: MIN_SHARES,
    maximum: MAX_SHARES,
    pattern: '^[1-9][0-9]{0,5}$',
    'x-expects': 'a number of shares: 2 to 262144',
    description:
      'The weight of the app or pod when processors are busy, in cgroup version 1 units: others have 1024. This is the same setting as the request of resource/cpu, so only one of the two can be given.',
  },
  lower,
};
