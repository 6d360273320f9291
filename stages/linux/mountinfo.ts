// proc_pid_mountinfo(5)

/** A mount as a process sees it; the last of those at one place covers the others. */
export interface Mount {
  /** The directory or file of its file system that is mounted. */
  readonly root: string;
  readonly path: string;
  readonly isReadOnly: boolean;
  /** The file system's, such as `tmpfs`. */
  readonly type: string;
}

export function parseMountInfo(text: string): Mount[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      // id, parent, device, root, place, options and what propagates; then type, source, options of the super block.
      const [mount, fileSystem] = line.split(' - ');
      const [, , , root, path, options] = mount!.split(' ');
      return {
        root: unescapeOctal(root!),
        path: unescapeOctal(path!),
        isReadOnly: options!.split(',').includes('ro'),
        type: fileSystem!.split(' ')[0]!,
      };
    });
}

/** Blanks, line ends and backslashes stand there as \ooo. */
export function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
