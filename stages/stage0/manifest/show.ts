/** Hostile keys and values must not fill the screen. */
export function shorten(text: string, length = 80): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** A value as the message shows it: on one line, not too long, control characters escaped. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (value === null) return 'nothing';
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a map of fields';
  return String(value as number | boolean);
}
