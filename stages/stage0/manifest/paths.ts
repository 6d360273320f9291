// Paths in a manifest are taken literally: one spelling a place, so that two entries can be compared as text.

/** What is wrong with an absolute path inside a root file system, if anything. */
export function absolutePathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'is not an absolute path';
  return path === '/' ? undefined : relativePathProblem(path.slice(1));
}

/** What is wrong with a path below a directory, if anything. */
export function relativePathProblem(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.startsWith('/')) return 'is an absolute path: a relative path is required';
  if (path.includes('\0')) return 'holds a NUL';
  const parts = path.split('/');
  if (parts.includes('..')) return 'holds "..", which could lead out';
  if (parts.includes('.') || parts.includes('')) return 'is not in its shortest form';
  // The kernel's PATH_MAX and NAME_MAX, both counted in bytes.
  if (Buffer.byteLength(path) > 4095) return 'is longer than 4095 bytes';
  return parts.some((part) => Buffer.byteLength(part) > 255) ? 'holds a name longer than 255 bytes' : undefined;
}

/** The shortest form of a path, for hints. */
export function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}`;
}
