/** Structured results; `table`, `wide` and `name` are each verb's own. */
export async function formatValue(value: unknown, format: 'json' | 'yaml' | 'jsonl'): Promise<string> {
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  if (format === 'jsonl')
    return (Array.isArray(value) ? value : [value]).map((one) => `${JSON.stringify(one)}\n`).join('');
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0 });
}

export function isStructured(format: string): format is 'json' | 'yaml' | 'jsonl' {
  return format === 'json' || format === 'yaml' || format === 'jsonl';
}
