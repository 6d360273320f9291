// A kind of thing as a table: what each of its fields becomes, or what to do about one that becomes nothing.

import type { Findings } from './findings.ts';
import type { Node } from './node.ts';

export type Rule<To> = (from: Node, to: To, findings: Findings) => void;

/** A text instead of a rule: the field has no counterpart, and this is what to do. */
export type Fields<To> = Readonly<Record<string, Rule<To> | string>>;

/** Every field of `from` by its rule, in the order of the table; what is in no table is reported. */
export function walk<To>(from: Node, fields: Fields<To>, to: To, findings: Findings): void {
  walkFields(findings.fields(from), fields, to, findings);
}

export function walkFields<To>(given: ReadonlyMap<string, Node>, fields: Fields<To>, to: To, findings: Findings): void {
  const names = Object.keys(fields);
  for (const name of names) {
    const node = given.get(name);
    const rule = fields[name]!;
    if (!node) continue;
    if (typeof rule === 'function') rule(node, to, findings);
    else if (!node.isEmpty) findings.lose(node, rule);
  }
  for (const [name, node] of given) if (!Object.hasOwn(fields, name)) findings.loseUnknown(node, name, names);
}

/** The field says what holds anyway when it has one of these values; `hint` is for the others. */
export function holds(values: readonly unknown[], hint: string): Rule<unknown> {
  return (node, _to, findings) => {
    if (!node.isEmpty && !values.includes(node.value)) findings.lose(node, hint);
  };
}

/** It is read elsewhere, or tells only which kind of manifest this is. */
export const taken: Rule<unknown> = () => undefined;

/** Left out, it would make another pod: an error whatever may be lost. */
export function refused(hint: string): Rule<unknown> {
  return (node, _to, findings) => {
    if (!node.isEmpty) findings.refuse(node, hint);
  };
}
