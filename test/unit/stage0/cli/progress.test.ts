import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainProgress, ProgressBars } from '../../../../stages/stage0/cli/progress.ts';
import type { ImageProgress } from '../../../../stages/stage0/image/types.ts';

const MIB = 1024 ** 2;

function step(kind: 'download' | 'layer', layer: number, doneMiB: number): ImageProgress {
  return { kind, digest: `sha256:${String(layer).repeat(64)}`, doneBytes: doneMiB * MIB, totalBytes: 10 * MIB };
}

function done(layer: number): ImageProgress {
  return { kind: 'done', digest: step('layer', layer, 0).digest };
}

const ESC = String.fromCharCode(27);

/** What is on the screen after all of it, by the control sequences that are in use. */
function screenOf(text: string): string[] {
  const lines: string[] = [''];
  for (const part of text.split(new RegExp(`(${ESC}\\[[0-9]+A${ESC}\\[J|\n)`))) {
    const up = part.startsWith(ESC) ? parseInt(part.slice(2), 10) : undefined;
    if (up !== undefined) lines.splice(-1 - up, up);
    else if (part === '\n') lines.push('');
    else lines[lines.length - 1] += part;
  }
  return lines.filter((line) => line !== '');
}

function bars(columns: number, steps: readonly ImageProgress[]): { screen: string[]; finished: string[] } {
  let text = '';
  const terminal = {
    err: (more: string): void => void (text += more),
    paint: (_fd: number, _style: string, of: string): string => of,
  };
  const progress = new ProgressBars(terminal, () => columns);
  for (const each of steps) progress.show(each);
  const screen = screenOf(text);
  progress.finish();
  return { screen, finished: screenOf(text) };
}

test('a layer is shown while it is fetched, and then while it is unpacked', () => {
  const fetching = [step('download', 1, 5), step('download', 2, 0)];
  assert.deepEqual(bars(80, fetching).screen, [
    `111111111111  fetch   ${'━'.repeat(12)}${'─'.repeat(12)}   50%  5.0 MiB of 10.0 MiB`,
    `222222222222  fetch   ${'─'.repeat(24)}    0%  0.0 MiB of 10.0 MiB`,
  ]);
  const later = [...fetching, step('layer', 1, 10), done(1), step('layer', 2, 1)];
  const { screen, finished } = bars(80, later);
  assert.deepEqual(screen, ['1 layer done', `222222222222  unpack  ━━${'─'.repeat(22)}   10%  1.0 MiB of 10.0 MiB`]);
  assert.deepEqual(finished, []);
});

test('no line is wider than the terminal', () => {
  const { screen } = bars(60, [step('download', 1, 5)]);
  assert.ok(screen[0]!.length > 40 && screen[0]!.length < 60, screen[0]);
});

test('without a terminal there are two lines for a layer that is fetched', () => {
  let text = '';
  const { show } = plainProgress({ err: (more) => void (text += more) });
  for (const each of [step('download', 1, 1), step('download', 1, 9), step('layer', 1, 1), done(1)]) show(each);
  assert.equal(text, 'fetching 111111111111, 10.0 MiB\nunpacked 111111111111\n');
});
