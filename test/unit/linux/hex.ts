/** Hexadecimal digits, grouped by spaces for whoever reads them. */
export function hex(strings: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw(strings, ...values).replaceAll(' ', '');
}
