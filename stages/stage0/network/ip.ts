/** Addresses as text and as bytes in network order. Node's own checks are in `node:net`, which a start need not load. */

export function parseIp4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  return parts.length === 4 && parts.every(isByte) ? Uint8Array.from(parts, Number) : undefined;
}

/** One to three decimal digits. A loop, because compiling a regular expression takes longer than everything a start parses. */
function isByte(text: string): boolean {
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  return text.length >= 1 && text.length <= 3 && value <= 255;
}

/** Without a zone; the last 32 bits may be in IPv4 notation. */
export function parseIp6(text: string): Uint8Array | undefined {
  const halves = embedIp4(text)?.split('::');
  if (!halves || halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(groups.flatMap((group) => bytesOf16(Number.parseInt(group, 16))));
}

function bytesOf16(value: number): [number, number] {
  return [value >>> 8, value & 0xff];
}

function embedIp4(text: string): string | undefined {
  const at = text.lastIndexOf(':') + 1;
  if (!text.includes('.')) return text;
  const bytes = parseIp4(text.slice(at));
  if (!bytes) return undefined;
  const groups = [0, 2].map((i) => ((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return text.slice(0, at) + groups.join(':');
}

export function formatIp4(bytes: Uint8Array): string {
  return bytes.join('.');
}

/** In the form of RFC 5952: lower case, the longest run of two or more zero groups as `::`. */
export function formatIp6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  const runs = [
    ...groups
      .map((group) => (group === '0' ? '0' : '.'))
      .join('')
      .matchAll(/00+/g),
  ];
  const longest = runs.sort((a, b) => b[0].length - a[0].length)[0];
  if (!longest) return groups.join(':');
  const head = groups.slice(0, longest.index).join(':');
  const tail = groups.slice(longest.index + longest[0].length).join(':');
  return `${head}::${tail}`;
}

export function ip4Number(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

export function ip4FromNumber(number: number): Uint8Array {
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

export interface Prefix4 {
  /** The first address, as a number. */
  readonly base: number;
  readonly bits: number;
}

/** Parses a prefix such as `10.1.16.0/20`. */
export function parsePrefix4(text: string): Prefix4 {
  const [address = '', bits = ''] = text.split('/');
  const bytes = parseIp4(address);
  if (!bytes || !/^\d+$/.test(bits) || Number(bits) > 32) throw new Error(`"${text}" is not an IPv4 prefix`);
  return { base: ip4Number(bytes), bits: Number(bits) };
}

export function formatPrefix4({ base, bits }: Prefix4): string {
  return `${formatIp4(ip4FromNumber(base))}/${bits}`;
}

/** `bits`: from 1 to 32. */
export function netmask4(bits: number): Uint8Array {
  return ip4FromNumber((-1 << (32 - bits)) >>> 0);
}

export function overlaps4(a: Prefix4, b: Prefix4): boolean {
  const shift = 32 - Math.min(a.bits, b.bits);
  return shift === 32 || a.base >>> shift === b.base >>> shift;
}

export function parseMac(text: string): Uint8Array {
  const bytes = text.split(':').map((byte) => Number.parseInt(byte, 16));
  if (bytes.length !== 6 || bytes.some((byte) => !(byte >= 0 && byte <= 255)))
    throw new Error(`"${text}" is not a MAC`);
  return Uint8Array.from(bytes);
}

/** The link-local address that the kernel derives from a MAC: fe80::/64 and the modified EUI-64. */
export function linkLocalOf(mac: Uint8Array): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac;
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f);
}

/** A locally administered MAC that contains the IPv4 address. */
export function macOf(ip4: Uint8Array): string {
  return [0x06, 0x70, ...ip4].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
