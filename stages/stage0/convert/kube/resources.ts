import { CPU } from '../../isolators/cpu.ts';
import { EPHEMERAL_STORAGE } from '../../isolators/ephemeral-storage.ts';
import { HUGETLB } from '../../isolators/hugetlb.ts';
import { MEMORY } from '../../isolators/memory.ts';
import type { Findings } from '../findings.ts';
import { type Fields, type Rule, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { bytesOf, coresOf } from './amounts.ts';
import { DEVICE } from './lost.ts';
import { parseQuantity } from './quantity.ts';

type Kind = 'limits' | 'requests';

const MEMBER = { limits: 'limit', requests: 'request' } as const;
const HUGE = 'hugepages-';

/** `to`: an app or the pod. */
export const convertResources: Rule<Target> = (node, to, findings) => {
  const fields: Fields<Target> = {
    limits: (list) => convertList('limits', list, node, to, findings),
    requests: (list) => convertList('requests', list, node, to, findings),
    claims: DEVICE,
  };
  walk(node, fields, to, findings);
};

function convertList(kind: Kind, list: Node, resources: Node, to: Target, findings: Findings): void {
  for (const [name, node] of findings.fields(list)) {
    const isolator = (which: string): Target => to.map('isolators', resources).map(which, list);
    if (isNone(node, kind, findings)) continue;
    if (name === 'cpu') maybe(() => isolator(CPU.name), MEMBER[kind], coresOf(node, findings), node);
    else if (name === 'memory') maybe(() => isolator(MEMORY.name), MEMBER[kind], bytesOf(node, findings), node);
    else if (name.startsWith(HUGE)) convertHuge(kind, name, node, resources, isolator, findings);
    else if (name !== 'ephemeral-storage') findings.lose(node, DEVICE);
    else if (kind === 'limits') maybe(() => isolator(EPHEMERAL_STORAGE.name), 'limit', bytesOf(node, findings), node);
    else findings.lose(node, 'pod does not set disk space aside: write a limit');
  }
}

/** An isolator without members would be refused: none is made for a value that is. */
function maybe(isolator: () => Target, member: string, value: unknown, from: Node): void {
  if (value !== undefined) isolator().set(member, value, from);
}

function isNone(node: Node, kind: Kind, findings: Findings): boolean {
  const quantity = parseQuantity(node.value);
  if (!quantity || quantity.numerator !== 0n) return false;
  if (kind === 'limits') findings.lose(node, 'without a limit, leave it out');
  return true;
}

/** A request of huge pages is always the same as the limit. */
function convertHuge(
  kind: Kind,
  name: string,
  node: Node,
  resources: Node,
  isolator: (which: string) => Target,
  findings: Findings,
): void {
  const limit = resources.field('limits')?.field(name);
  if (kind === 'limits') maybe(() => isolator(HUGETLB.name), name.slice(HUGE.length), bytesOf(node, findings), node);
  else if (!limit) findings.lose(node, 'write it under limits too');
}
