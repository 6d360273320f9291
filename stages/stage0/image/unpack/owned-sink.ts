import type { TarEntry, TarSink } from '../tar/entry.ts';
import { PodError } from '../../error.ts';
import { printable } from '../tar/fault.ts';

/**
 * For a layer unpacked in a user namespace of `ids` ids. With a single id, everything is owned by its root; with several, a layer
 * with an owner outside of them is rejected, because it would be unpacked wrongly. Leaves out devices, which only the host's root
 * can make and of which a pod has its own, and attributes that only the host's root can see.
 */
export class OwnedSink implements TarSink {
  readonly #to: TarSink;
  readonly #ids: number;
  readonly #archive: string;
  #isLeftOut = false;

  constructor(to: TarSink, ids: number, archive: string) {
    this.#to = to;
    this.#ids = ids;
    this.#archive = archive;
  }

  begin(entry: TarEntry): void {
    this.#isLeftOut = (entry.type === 'char' || entry.type === 'block') && (entry.devMajor > 0 || entry.devMinor > 0);
    if (this.#isLeftOut) return;
    const xattrs = entry.xattrs.filter(([name]) => !name.startsWith('trusted.') || name.startsWith('trusted.overlay.'));
    this.#to.begin({ ...entry, uid: this.#owner(entry, entry.uid), gid: this.#owner(entry, entry.gid), xattrs });
  }

  data(chunk: Uint8Array): void {
    if (!this.#isLeftOut) this.#to.data(chunk);
  }

  end(): void {
    if (!this.#isLeftOut) this.#to.end();
  }

  #owner({ path }: TarEntry, id: number): number {
    if (this.#ids === 1) return 0;
    if (id < this.#ids) return id;
    const message = `unpack ${this.#archive}: "${printable(path)}" belongs to id ${id}, and you have only ${this.#ids} ids`;
    throw new PodError('host/unsupported', message, {
      hint: 'a longer range in /etc/subuid and /etc/subgid would include it',
    });
  }
}
