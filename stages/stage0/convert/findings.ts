import { PodError } from '../error.ts';
import { show } from '../manifest/show.ts';
import { suggest } from '../manifest/suggest.ts';
import type { Node } from './node.ts';

/** What a conversion found, each at its place in the manifest that was read. */
export class Findings {
  /** What is wrong, or would become another pod if it were left out. */
  readonly errors: PodError[] = [];
  /** What the other format cannot say. */
  readonly lost: PodError[] = [];
  readonly warnings: PodError[] = [];
  /** The other format. */
  readonly target: string;

  constructor(target: string) {
    this.target = target;
  }

  wrong(node: Node, problem: string, hint?: string): void {
    this.errors.push(new PodError('manifest/schema', `${node.path}: ${problem}`, { hint, at: node.at }));
  }

  /** The file is not one that can be converted. */
  format(node: Node, problem: string, hint: string): void {
    this.errors.push(new PodError('convert/format', `convert ${node.at.file}: ${problem}`, { hint, at: node.at }));
  }

  /** Something without a counterpart, without which the pod would not do what it is for. */
  refuse(node: Node, hint: string, problem?: string): void {
    this.errors.push(this.#noCounterpart(node, hint, problem));
  }

  /** `problem`: when it is the value, and not the field, that has no counterpart. */
  lose(node: Node, hint: string, problem?: string): void {
    this.lost.push(this.#noCounterpart(node, hint, problem));
  }

  loseUnknown(node: Node, name: string, known: readonly string[]): void {
    const near = suggest(name, known);
    const hint = near === undefined ? 'remove it if the pod can do without it' : `did you mean "${near}"?`;
    this.lose(node, hint, 'there is no such field, or pod does not know it yet');
  }

  warn(node: Node, problem: string, hint: string): void {
    this.warnings.push(new PodError('manifest/schema', `${node.path}: ${problem}`, { hint, at: node.at }));
  }

  #noCounterpart(node: Node, hint: string, problem?: string): PodError {
    const shown = typeof node.value === 'object' ? '' : `${show(node.value)} `;
    const message = `${node.path}: ${problem ?? `${shown}has no counterpart in ${this.target}`}`;
    return new PodError('convert/no-counterpart', message, { hint, at: node.atKey });
  }

  text(node: Node | undefined): string | undefined {
    if (!node) return undefined;
    if (typeof node.value === 'string') return node.value;
    this.wrong(
      node,
      `${show(node.value)} is not text`,
      typeof node.value === 'object' ? undefined : 'put it in quotes',
    );
    return undefined;
  }

  whole(node: Node | undefined): number | undefined {
    if (!node) return undefined;
    if (Number.isSafeInteger(node.value)) return node.value as number;
    this.wrong(node, `${show(node.value)} is not a whole number`);
    return undefined;
  }

  flag(node: Node | undefined): boolean | undefined {
    if (!node) return undefined;
    if (typeof node.value === 'boolean') return node.value;
    this.wrong(node, `${show(node.value)} is neither true nor false`);
    return undefined;
  }

  items(node: Node | undefined): readonly Node[] {
    if (node && !Array.isArray(node.value)) this.wrong(node, `${show(node.value)} is not a list`);
    return node?.items ?? [];
  }

  fields(node: Node | undefined): ReadonlyMap<string, Node> {
    if (node && !node.isMap) this.wrong(node, `${show(node.value)} is not a map of fields`);
    return node?.fields ?? new Map();
  }

  texts(node: Node | undefined): string[] | undefined {
    if (!node) return undefined;
    const texts = this.items(node).map((item) => this.text(item));
    return texts.some((text) => text === undefined) ? undefined : (texts as string[]);
  }
}
