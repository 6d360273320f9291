// proc_pid_mountinfo(5)

/** A mount as a process sees it; the last mount at a path covers the earlier ones. */
export interface Mount {
  /** The mounted directory or file within its file system. */
  readonly root: string;
  readonly path: string;
  readonly isReadOnly: boolean;
  /** File system type, such as `tmpfs`. */
  readonly type: string;
}

export function parseMountInfo(text: string): Mount[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      // Fields: id, parent, device, root, mount point, options and propagation; then type, source, super block options.
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

/** Blanks, line ends and backslashes are escaped as \ooo. */
export function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
