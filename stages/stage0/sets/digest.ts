/** `sha256:…` of a text. */
export function digestOf(text: string | Uint8Array): string {
  return `sha256:${process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex')}`;
}
