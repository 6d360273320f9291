import { stringify } from 'yaml';

/** Lines are as long as they are: what is folded cannot be searched or compared. */
export function yamlText(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}
