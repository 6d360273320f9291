import { CAPABILITIES_REMOVE_SET } from '../../isolators/capabilities-remove-set.ts';
import { CAPABILITIES_RETAIN_SET } from '../../isolators/capabilities-retain-set.ts';
import { DEFAULT_CAPABILITIES } from '../../isolators/capability-sets.ts';
import { capabilityNames, capabilityNumber } from '../../../linux/capabilities.ts';
import type { Findings } from '../findings.ts';
import { type Fields, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import type { KubeContainer } from './pod-state.ts';

const ALL = 'ALL';
const DEFAULTS: readonly string[] = capabilityNames(DEFAULT_CAPABILITIES);

interface Lists {
  add: Map<string, Node>;
  drop: Map<string, Node>;
}

const CAPABILITIES: Fields<Lists> = {
  drop: (node, to, findings) => void (to.drop = namesIn(node, findings)),
  add: (node, to, findings) => void (to.add = namesIn(node, findings)),
};

/**
 * The set as the runtime makes it: all are dropped first, then some are added, then some dropped. A pod starts with fewer than
 * Kubernetes gives, so what a list only takes from is taken from those.
 */
export function convertCapabilities(from: Node, container: KubeContainer, findings: Findings): void {
  const { app } = container;
  const { add, drop } = readLists(from, findings);
  const everything = add.get(ALL);
  if (everything) {
    findings.refuse(everything, 'add the capabilities that the program needs, by name');
    return;
  }
  const added = [...add.keys()].filter((name) => !drop.has(name));
  const isolator = (name: string): Target => app.map('isolators', from).map(name, from);
  if (added.length === 0 && !drop.has(ALL)) {
    const dropped = [...drop.keys()].filter((name) => DEFAULTS.includes(name) || capabilityNumber(name) === undefined);
    if (dropped.length > 0) isolator(CAPABILITIES_REMOVE_SET.name).set('set', dropped, from);
    return;
  }
  const kept = drop.has(ALL) || isOtherUser(container) ? [] : DEFAULTS.filter((name) => !drop.has(name));
  if (kept.length > 0 && !app.has('user')) {
    const problem = 'if the user of the image is not root, it has all capabilities of the list';
    findings.warn(from, problem, 'drop ALL, and add those that the program needs');
  }
  isolator(CAPABILITIES_RETAIN_SET.name).set('set', [...new Set([...kept, ...added])], from);
}

function readLists(from: Node, findings: Findings): Lists {
  const lists: Lists = { add: new Map(), drop: new Map() };
  walk(from, CAPABILITIES, lists, findings);
  return lists;
}

/** With and without the prefix: runtimes take both. */
function namesIn(list: Node, findings: Findings): Map<string, Node> {
  const names = new Map<string, Node>();
  for (const item of findings.items(list)) {
    const text = findings.text(item)?.toUpperCase();
    if (text !== undefined) names.set(text === ALL || text.startsWith('CAP_') ? text : `CAP_${text}`, item);
  }
  return names;
}

/** Only root has the default set; whoever else were given it by a list would have more than in Kubernetes. */
function isOtherUser({ app }: KubeContainer): boolean {
  const { user } = app.value;
  return user !== undefined && user !== 0;
}
