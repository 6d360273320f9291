import type { Findings } from '../findings.ts';
import { walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';

export interface NamedValue {
  readonly name: string;
  readonly value: Node;
  readonly from: Node;
}

/** A list of `{name, value}`, which is how appc writes a map. */
export function namedValues(list: Node, findings: Findings): NamedValue[] {
  return findings.items(list).flatMap((from) => {
    const found: { name?: Node; value?: Node } = {};
    const fields = {
      name: (node: Node) => void (found.name = node),
      value: (node: Node) => void (found.value = node),
    };
    walk(from, fields, found, findings);
    const name = findings.text(found.name);
    if (name === undefined || !found.value) {
      if (from.isMap && (!found.name || !found.value)) findings.wrong(from, '"name" or "value" is missing');
      return [];
    }
    return [{ name, value: found.value, from }];
  });
}

export function addTexts(list: Node, field: string, to: Target, findings: Findings): void {
  for (const { name, value } of namedValues(list, findings))
    to.map(field, list).maybe(name, findings.text(value), value);
}

/** A map of texts. */
export function addMap(map: Node, field: string, to: Target, findings: Findings): void {
  for (const [name, value] of findings.fields(map)) to.map(field, map).maybe(name, findings.text(value), value);
}
