import { readTreeFile } from './read-file.ts';
import type { ImageTree } from './tree.ts';

/** A line of /etc/passwd; passwd(5). */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** A line of /etc/group; group(5). */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** (uid_t)-1 means "no change" to the kernel. */
const MAX_ID = 0xffff_fffe;
/** A directory server's dump of a large site has a few megabytes. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** A number from 0 to 2³²−2 in plain digits; undefined for anything else. */
export function parseId(text: string): number | undefined {
  const id = /^[0-9]{1,10}$/.test(text) ? Number(text) : -1;
  return id >= 0 && id <= MAX_ID ? id : undefined;
}

export function readPasswd(tree: ImageTree): PasswdEntry[] {
  return rows(tree, '/etc/passwd').flatMap(([name, , uidText, gidText, , home]) => {
    const uid = parseId(uidText ?? '');
    const gid = parseId(gidText ?? '');
    return name && uid !== undefined && gid !== undefined ? [{ name, uid, gid, home: homeOf(home) }] : [];
  });
}

export function readGroup(tree: ImageTree): GroupEntry[] {
  return rows(tree, '/etc/group').flatMap(([name, , gidText, members]) => {
    const gid = parseId(gidText ?? '');
    return name && gid !== undefined
      ? [{ name, gid, members: (members ?? '').split(',').filter((member) => member !== '') }]
      : [];
  });
}

/** A home that is not an absolute path would end up in HOME and be resolved against any current directory. */
function homeOf(home: string | undefined): string {
  return home?.startsWith('/') && !home.includes('\0') && !home.includes('\r') ? home : '/';
}

/** Invalid lines are skipped, as the C library does. */
function rows(tree: ImageTree, path: string): string[][] {
  const text = readTreeFile(tree, path, MAX_FILE_BYTES)?.toString('utf8') ?? '';
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^[#+-]/.test(line))
    .map((line) => line.split(':'));
}
