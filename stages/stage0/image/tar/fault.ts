import { PodError } from '../../error.ts';

/** The bytes of an archive are untrusted: everything except printable ASCII is escaped before it reaches a terminal. */
export function printable(latin1: string): string {
  const short = latin1.length > 200 ? `${latin1.slice(0, 200)}…` : latin1;
  const text = Buffer.from(short, 'latin1').toString('utf8');
  return text.replace(
    /[\p{Cc}\ufffd\u202a-\u202e\u2066-\u2069]/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** The same for text, as JSON has it. */
export function printableText(text: string): string {
  return printable(Buffer.from(text, 'utf8').toString('latin1'));
}

/** The archive is damaged: truncated, or inconsistent with its headers. */
export function corrupt(what: string, cause?: unknown): PodError {
  return new PodError('image/corrupt', what, {
    hint: 'fetch or build the image again; nothing of it was kept',
    cause,
  });
}

/** The archive tries to leave its directory or to exhaust the machine. */
export function hostile(what: string, cause?: unknown): PodError {
  return new PodError('image/hostile', what, {
    hint: 'no image builder creates such an entry; do not trust the source of this image',
    cause,
  });
}
