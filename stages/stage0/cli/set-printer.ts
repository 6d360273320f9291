import type { Change } from '../sets/changes.ts';
import type { DeleteResult } from '../sets/delete-set.ts';
import type { ReconcileResult } from '../sets/result.ts';
import type { SetEvent } from '../sets/set-events.ts';
import type { EventCommand } from './event-command.ts';
import { formatLines, formatValue, isForPeople } from './format.ts';
import { printable } from './table.ts';
import { STDERR, STDOUT, type Style, type Terminal } from './terminal.ts';
import type { Invocation } from './verb.ts';

/** What a change is called when it has happened. */
const DONE: Readonly<Record<Change['action'], string>> = {
  create: 'created',
  replace: 'replaced',
  restart: 'restarted',
  unchanged: 'unchanged',
  prune: 'pruned',
  keep: 'kept',
};

const NOT_PRUNED = 'not pruned';
const UNTOUCHED: ReadonlySet<string> = new Set([DONE.unchanged, DONE.keep, NOT_PRUNED]);

/** While others are not as they should be nothing is pruned, whatever was planned. */
function doneOf({ action, name }: Change, { inventory }: ReconcileResult): string {
  return action === 'prune' && inventory.pods[name] !== undefined ? NOT_PRUNED : DONE[action];
}

/** Loading what starts programs costs more than an apply that has nothing to do may take. */
export async function newSetPrinter(invocation: Invocation, set: string): Promise<SetPrinter> {
  const command = invocation.flags.value('on-event');
  if (command === undefined) return new SetPrinter(invocation, set, undefined);
  const { EventCommand: Command } = await import('./event-command.ts');
  return new SetPrinter(invocation, set, new Command(command, (text) => invocation.terminal.err(text)));
}

interface End {
  readonly value: () => object;
  readonly names: readonly string[];
  readonly summary: () => string;
  readonly failures: ReadonlyMap<string, string>;
}

/** Shows what happens to a set as it happens, in the format that was asked for. */
export class SetPrinter {
  readonly #terminal: Terminal;
  readonly #set: string;
  readonly #format: string;
  readonly #isForPeople: boolean;
  readonly #isQuiet: boolean;
  #documents = 0;
  readonly #command: EventCommand | undefined;

  constructor({ terminal, flags, isQuiet }: Invocation, set: string, command: EventCommand | undefined) {
    this.#terminal = terminal;
    this.#set = set;
    this.#format = flags.value('output') ?? 'text';
    this.#isForPeople = isForPeople(this.#format);
    this.#isQuiet = isQuiet;
    this.#command = command;
  }

  readonly show = (event: SetEvent): void => {
    const stamped = JSON.stringify({ t: new Date().toISOString(), set: this.#set, ...event });
    this.#command?.run(stamped, 'pod' in event ? `${event.e} ${event.pod}` : event.e);
    if (this.#format === 'jsonl') this.#terminal.out(`${stamped}\n`);
    if (this.#isForPeople) this.#showText(event);
  };

  /** When all commands of `--on-event` have ended, or have had their time. */
  async finish(): Promise<void> {
    await this.#command?.finish();
  }

  /** The result as a whole, where it was not shown as it came about. */
  async result(result: ReconcileResult): Promise<void> {
    const changed = result.changes.filter((change) => !UNTOUCHED.has(doneOf(change, result)));
    await this.#end({
      value: () => resultObject(result),
      names: changed.map(({ name }) => name),
      summary: () => this.#summary(result),
      failures: result.failures,
    });
  }

  /** The same, of a set that was to be removed. */
  async removed({ removed, kept, failures }: DeleteResult): Promise<void> {
    await this.#end({
      value: () => ({ set: this.#set, removed, kept, failures: Object.fromEntries(failures) }),
      names: removed,
      summary: () => `set ${this.#set}: ${removed.length} removed\n`,
      failures,
    });
  }

  async #end({ value, names, summary, failures }: End): Promise<void> {
    if (this.#isForPeople) return this.#isQuiet ? undefined : this.#terminal.out(summary());
    // Events have told it all.
    if (this.#format === 'jsonl') return;
    if (this.#format === 'name') this.#terminal.out(formatLines(names));
    if (this.#format === 'yaml' && this.#documents++ > 0) this.#terminal.out('---\n');
    if (this.#format === 'json' || this.#format === 'yaml')
      this.#terminal.out(await formatValue(value(), this.#format));
    for (const [name, message] of failures) this.#fail(name, message);
  }

  #summary(result: ReconcileResult): string {
    const { set, changes, failures, outcome, isPinned, inventory } = result;
    const { revision } = inventory;
    const counts = new Map<string, number>();
    for (const change of changes) {
      const what = failures.has(change.name) ? 'failed' : doneOf(change, result);
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    const what = [...counts].map(([word, count]) => `${count} ${word}`).join(', ') || 'no pods';
    const back = outcome === 'rolled-back' ? ', rolled back' : outcome === 'rollback-failed' ? ', rollback failed' : '';
    const pinned = isPinned ? `, held at revision ${revision?.number ?? '?'}` : '';
    return `set ${set}: ${what}${back}${pinned}\n`;
  }

  #showText(event: SetEvent): void {
    switch (event.e) {
      case 'pod-started':
        return this.#line(event.pod, 'green', DONE[event.action], event.reason);
      case 'pod-pruned':
        return this.#line(event.pod, 'yellow', 'pruned');
      case 'pod-kept':
        return this.#line(event.pod, 'dim', 'kept', event.reason);
      case 'pod-failed':
        return this.#fail(event.pod, event.message);
      case 'pinned':
        return this.#note(`held at revision ${event.revision ?? '?'} until the folder changes`);
      case 'prune-skipped':
        return this.#note(`nothing is pruned: ${event.reason}`);
      case 'rolling-back':
        return this.#note(
          event.revision === null ? 'no revision to roll back to' : `rolling back to revision ${event.revision}`,
        );
      default:
    }
  }

  #line(pod: string, style: Style, word: string, reason?: string): void {
    if (this.#isQuiet) return;
    const why = reason === undefined || reason === 'new' ? '' : ` (${printable(reason)})`;
    this.#terminal.out(`${printable(pod)} ${this.#terminal.paint(STDOUT, style, word)}${why}\n`);
  }

  #fail(pod: string, message: string): void {
    this.#terminal.err(`${this.#terminal.paint(STDERR, 'red', 'failed')}: pod "${printable(pod)}": ${message}\n`);
  }

  #note(text: string): void {
    if (!this.#isQuiet) this.#terminal.err(`set ${this.#set}: ${text}\n`);
  }
}

function resultObject({ set, outcome, changes, failures, isPinned, inventory }: ReconcileResult): object {
  const pods = changes.map(({ name, action, reason }) => ({
    name,
    action,
    reason,
    uuid: inventory.pods[name]?.current?.uuid ?? null,
    failure: failures.get(name) ?? null,
  }));
  return { set, outcome, revision: inventory.revision?.number ?? null, isPinned, pods };
}

/** As a dry run shows it. */
export function changeLine(terminal: Terminal, { name, action, reason }: Change): string {
  return `${printable(name)} ${terminal.paint(STDOUT, action === 'prune' ? 'yellow' : 'green', action)} (${printable(reason)})\n`;
}
