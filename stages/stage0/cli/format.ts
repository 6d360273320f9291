/** What every verb with a result gives (`-o`). `table` is for people; `wide` is the same with columns more, where there are any. */
export const FORMATS = ['table', 'wide', 'json', 'yaml', 'jsonl', 'name'] as const;

/** One result in all its forms; only that which was asked for is made. */
export interface View {
  /** For programs. A list is an element a line in `jsonl`. */
  readonly value: () => unknown;
  /** What `name` prints, each on a line of its own. */
  readonly names: () => readonly string[];
  readonly text: (isWide: boolean) => string | Promise<string>;
}

/** `format` is one of `FORMATS`, or `text`, which is another name of `table`. */
export async function render(format: string, { value, names, text }: View): Promise<string> {
  if (isStructured(format)) return formatValue(await value(), format);
  return format === 'name' ? formatLines(names()) : text(format === 'wide');
}

export async function formatValue(value: unknown, format: 'json' | 'yaml' | 'jsonl'): Promise<string> {
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  if (format === 'jsonl')
    return formatLines((Array.isArray(value) ? value : [value]).map((one) => JSON.stringify(one)));
  // By way of a module of ours: a bundle has the package's names only for imports that name them.
  const { yamlText } = await import('./yaml-text.ts');
  return yamlText(value);
}

export function formatLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** `text` is another name of `table`. */
export function isForPeople(format: string): boolean {
  return format === 'table' || format === 'wide' || format === 'text';
}

export function isStructured(format: string): format is 'json' | 'yaml' | 'jsonl' {
  return format === 'json' || format === 'yaml' || format === 'jsonl';
}
