// Checks of stages/stage1/*.c that the compiler's warnings do not cover, and the compiler's own analyser.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { promisify } from 'node:util';
import { TOP } from '../build/digest.mjs';
import { compilerFlags, HOST_ARCH, stage1Sources } from '../build/stage1.mjs';

const MAX_FILE_LINES = 500;
const MAX_FUNCTION_LINES = 50;

export function checkCLayout() {
  return [...stage1Sources('.c'), ...stage1Sources('.h')].flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const name = relative(TOP, file);
    const found = longFunctions(name, lines);
    if (lines.length - 1 > MAX_FILE_LINES) found.push(`${name}:${MAX_FILE_LINES}: file of ${lines.length - 1} lines`);
    lines.forEach((line, i) => {
      if (/\b(TODO|FIXME|XXX)\b/.test(line)) found.push(`${name}:${i + 1}: unfinished work`);
      if (line.includes('\t') && line.replaceAll('\t', '        ').length > 132)
        found.push(`${name}:${i + 1}: line too long`);
    });
    return found;
  });
}

/** In kernel brace style a function's braces are the only ones in the first column. */
function longFunctions(name, lines) {
  const found = [];
  let start = -1;
  lines.forEach((line, i) => {
    if (line === '{') start = i;
    else if (line === '}' && start >= 0) {
      if (i - start - 1 > MAX_FUNCTION_LINES) found.push(`${name}:${start}: function of ${i - start - 1} lines`);
      start = -1;
    }
  });
  return found;
}

/** Runs the analyser over every file. Nothing is written. */
export async function analyseC() {
  const compiler = process.env.CC ?? 'cc';
  const flags = compilerFlags(HOST_ARCH).filter((flag) => !flag.startsWith('-Wl,'));
  const found = [];
  for (const file of stage1Sources('.c')) {
    try {
      await promisify(execFile)(compiler, [...flags, '-fanalyzer', '-c', '-o', '/dev/null', file]);
    } catch (error) {
      found.push(String(error.stderr || error.message).trim());
    }
  }
  return found;
}
