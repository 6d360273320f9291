import { AT_FDCWD, O_CLOEXEC, O_RDONLY, O_WRONLY } from '../../linux/constants.ts';
import type { OpOptions, Reg, Tape, Text } from '../../tape/program.ts';
import type { CgroupWrite } from '../isolators/isolator.ts';
import { podPath } from './names.ts';

const READ_BACK_BYTES = 256;

/** Ops on a file, which is opened into a register that is free again afterwards. */
export function withFile(tape: Tape, path: Text, flags: number, options: OpOptions, use: (fd: Reg) => void): void {
  const fd = tape.program.reg('cgroup.file');
  tape.call('openat', [AT_FDCWD, tape.text(path), flags | O_CLOEXEC, 0], { ...options, out: fd });
  use(fd);
  tape.call('close', [fd], options.tolerate ? { tolerate: ['EBADF'] } : {});
}

/** Writes each value to its file; adjacent writes to the same file share one open. */
export function planWrites(
  tape: Tape,
  mountPoint: string,
  below: readonly string[],
  writes: readonly CgroupWrite[],
): void {
  for (let index = 0; index < writes.length;) {
    const { file, optional, at } = writes[index]!;
    let end = index + 1;
    while (writes[end]?.file === file && writes[end]?.optional === optional) end++;
    const group = writes.slice(index, end);
    const options: OpOptions = { at, why: whyOf(group[0]!), ...(optional ? { tolerate: ['ENOENT'] } : {}) };
    withFile(tape, podPath(mountPoint, ...below, file), O_WRONLY, options, (fd) =>
      group.forEach((write) => planWrite(tape, fd, write)),
    );
    if (group.at(-1)!.readBack) planReadBack(tape, podPath(mountPoint, ...below, file), group.at(-1)!);
    index = end;
  }
}

/** If an optional file is missing, the register holds minus ENOENT, which is not a descriptor. */
function planWrite(tape: Tape, fd: Reg, write: CgroupWrite): void {
  tape.call('write', [fd, tape.text(write.value), Buffer.byteLength(write.value)], {
    at: write.at,
    why: whyOf(write),
    ...(write.optional ? { tolerate: ['EBADF'] } : {}),
  });
}

/** Reads a value back. The kernel ends each value with a line feed, and may append why it is not in force. */
function planReadBack(tape: Tape, path: Text, write: CgroupWrite): void {
  const expected = Buffer.from(`${write.value}\n`);
  const found = tape.buffer(READ_BACK_BYTES);
  const options: OpOptions = {
    at: write.at,
    why: `${write.why}: the kernel says it is not in force in "${write.file}"`,
  };
  withFile(tape, path, O_RDONLY, options, (fd) => tape.call('read', [fd, found, READ_BACK_BYTES], options));
  tape.call('tape.equal', [found, tape.bytes(expected), expected.length], options);
}

function whyOf({ why, value, file }: CgroupWrite): string {
  return `${why ?? `write "${value}"`} in "${file}"`;
}
