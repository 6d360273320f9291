import { PodError } from '../error.ts';
import { parseDuration } from './arguments.ts';

/** `--since`: a duration before now, or a time; in milliseconds since the epoch. */
export function parseSinceMs(text: string, nowMs: number = Date.now()): number {
  const isDuration = /^\d/.test(text) && !text.includes('-');
  const ms = isDuration ? nowMs - parseDuration(text, '--since') : Date.parse(text);
  if (Number.isFinite(ms) && Math.abs(ms) <= 8.64e15) return ms;
  throw new PodError('cli/usage', `--since "${text}": not a time`, {
    hint: 'write a duration (10m) or a time (2026-11-23T10:00:00Z)',
  });
}
