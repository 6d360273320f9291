import { isPlain, secrecyOf } from './secret-name.ts';

/** Programs with a one-letter password option; such letters mean something else in other programs. */
const PROGRAMS: readonly (readonly [program: RegExp, letter: string])[] = [
  [/^(mysql\w*|mariadb[\w-]*|mydumper|7z\w*)$/, 'p'],
  [/^(sshpass|mongo\w*|login)$/, 'p'],
  [/^(redis|valkey|keydb)-cli$/, 'a'],
  [/^ldap\w+$/, 'w'],
  [/^(mosquitto_\w+|sqlcmd|bcp|tsql|zip|unzip)$/, 'P'],
];
/** Programs for which the word after the separate letter is something else. */
const ATTACHED_ONLY = /^(mysql|mariadb|mydumper|7z)/;
/** curl(1) and others: USER:PASSWORD follows. */
const USER_OPTION = /^(-u|-U|--user|--proxy-user)$/;
const LONG_USER = /^--(?:proxy-)?user=[^:]+:(?=.)/;
const ATTACHED_USER = /^-[uU][^\s:]+:(?=.)/;

/** The secret part after the words of a command read so far. */
export type Hidden =
  | { readonly what: 'next word' }
  /** The next word, after its first colon. */
  | { readonly what: 'login' }
  /** The rest of the same word. */
  | { readonly what: 'rest'; readonly from: number };

/** Reads the words of a command one by one. */
export class OptionReader {
  #letter: { readonly name: string; readonly mayBeApart: boolean } | undefined;
  #isCurl = false;

  read(word: string): Hidden | undefined {
    this.#noteProgram(word);
    const long = /^--?([A-Za-z][\w.-]+)$/.exec(word);
    if (long && secrecyOf(long[1]!) !== undefined) return { what: 'next word' };
    if (USER_OPTION.test(word)) return { what: 'login' };
    const login = LONG_USER.exec(word) ?? (this.#isCurl ? ATTACHED_USER.exec(word) : null);
    if (login) return { what: 'rest', from: login[0].length };
    const letter = this.#letter;
    if (!letter || !word.startsWith(letter.name)) return undefined;
    if (word.length > letter.name.length) return { what: 'rest', from: letter.name.length };
    return letter.mayBeApart ? { what: 'next word' } : undefined;
  }

  /** Also recognises `docker login`. */
  #noteProgram(word: string): void {
    const name = word.slice(word.lastIndexOf('/') + 1);
    const [, letter] = PROGRAMS.find(([program]) => program.test(name)) ?? [];
    if (letter !== undefined) this.#letter = { name: `-${letter}`, mayBeApart: !ATTACHED_ONLY.test(name) };
    else if (/^[|;&]+$|[;|&]$/.test(word)) this.#letter = undefined;
    if (name === 'curl') this.#isCurl = true;
  }
}

/** For the word after an option that may be a switch, such as `--auth`: another option is not secret, and neither is a path. */
export function isHidden(option: string, value: string): boolean {
  if (/^--[a-z]/i.test(value)) return false;
  return secrecyOf(option.replace(/^--?/, '')) !== 'likely' || !isPlain(value);
}
