/** Structured results; `table`, `wide` and `name` are each verb's own. */
export async function formatValue(value: unknown, format: 'json' | 'yaml' | 'jsonl'): Promise<string> {
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  if (format === 'jsonl')
    return (Array.isArray(value) ? value : [value]).map((one) => `${JSON.stringify(one)}\n`).join('');
  // By way of a module of ours: a bundle has the package's names only for imports that name them.
  const { yamlText } = await import('./yaml-text.ts');
  return yamlText(value);
}

export function isStructured(format: string): format is 'json' | 'yaml' | 'jsonl' {
  return format === 'json' || format === 'yaml' || format === 'jsonl';
}
