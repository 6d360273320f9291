import type { TarEntry } from '../tar/entry.ts';

/** Why the device of an entry must not be made; undefined when it may be. makedev(3): 12 and 20 bits. */
export function deviceFault({ type, devMajor, devMinor }: TarEntry): string | undefined {
  // Overlayfs takes a character device 0:0 for a whiteout: it would hide a name without being recorded as a whiteout.
  if (type === 'char' && devMajor === 0 && devMinor === 0) return 'is a character device 0:0';
  const fits = devMajor >= 0 && devMajor <= 0xfff && devMinor >= 0 && devMinor <= 0xfffff;
  return fits ? undefined : `has the device number ${devMajor}:${devMinor}`;
}
