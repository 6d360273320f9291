/**
 * RFC 3339 in UTC with milliseconds, of milliseconds since the epoch, as `Date.prototype.toISOString` has it: that reads the
 * host's time zone first, which takes a fifth of a millisecond that a start can do without.
 */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day}T${time}.${String(date.getUTCMilliseconds()).padStart(3, '0')}Z`;
}
