import { PodError } from '../error.ts';

export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/** `a`, `ctrl-a`, `ctrl-@`…, with commas between; as docker and podman write them. Nothing: there is no way to detach. */
export function parseDetachKeys(text: string): readonly number[] {
  return text === '' ? [] : text.split(',').map((key) => codeOf(key, text));
}

function codeOf(key: string, text: string): number {
  const [, control, plain] = /^(?:ctrl-([a-z@[\\\]^_])|([\x20-\x7e]))$/.exec(key) ?? [];
  if (plain !== undefined) return plain.charCodeAt(0);
  // ascii(7): a control character is the letter's code without its upper bits.
  if (control !== undefined) return control.charCodeAt(0) & 0x1f;
  throw new PodError('cli/usage', `--detach-keys "${text}": "${key}" is not a key`, {
    hint: 'write keys as a, ctrl-a, ctrl-@, ctrl-[, ctrl-\\, ctrl-], ctrl-^ or ctrl-_, separated by commas',
  });
}

/** Looks for the detach keys in what is typed. What may be their beginning is held back until the next key decides. */
export class DetachKeys {
  readonly #keys: readonly number[];
  #held = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** What goes on to the app; `isDetached` when the keys were typed, and then nothing after them. */
  take(typed: Uint8Array): { readonly bytes: Uint8Array; readonly isDetached: boolean } {
    const passed: number[] = [];
    for (const byte of typed) {
      if (this.#keys.length > 0 && byte !== this.#keys[this.#held]) passed.push(...this.#release(byte));
      if (byte === this.#keys[this.#held]) this.#held++;
      else passed.push(byte);
      if (this.#held > 0 && this.#held === this.#keys.length) {
        this.#held = 0;
        return { bytes: Uint8Array.from(passed), isDetached: true };
      }
    }
    return { bytes: Uint8Array.from(passed), isDetached: false };
  }

  /** Keys that cannot be the beginning any more now that `next` follows them: with `a,a,b`, after `a a` an `a` gives back one. */
  #release(next: number): number[] {
    const held = this.#keys.slice(0, this.#held);
    for (let from = 1; from <= held.length; from++) {
      const rest = held.slice(from);
      if (rest.every((key, i) => key === this.#keys[i]) && this.#keys[rest.length] === next) {
        this.#held = rest.length;
        return held.slice(0, from);
      }
    }
    this.#held = 0;
    return held;
  }
}
