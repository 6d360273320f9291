/**
 * Formats milliseconds since the epoch as RFC 3339 in UTC with milliseconds, like `Date.prototype.toISOString`. The latter first
 * reads the host's time zone, which would add a fifth of a millisecond to a start.
 */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day}T${time}.${String(date.getUTCMilliseconds()).padStart(3, '0')}Z`;
}
