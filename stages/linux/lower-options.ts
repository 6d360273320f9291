// overlayfs: Documentation/filesystems/overlayfs.rst

const MAX_FSCONFIG_STRING = 255;

/** The options for the lower directories of an overlay, the first on top. Until Linux 6.7: EINVAL if they do not fit into one. */
export function lowerOptions(topFirst: readonly string[]): (readonly [name: string, value: string])[] {
  const joined = topFirst.join(':');
  if (joined.length <= MAX_FSCONFIG_STRING) return [['lowerdir', joined]];
  return topFirst.map((directory) => ['lowerdir+', directory] as const);
}
