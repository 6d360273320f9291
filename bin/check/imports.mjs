// The import graph of the sources, checked against the table and for cycles.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { filesBelow, TOP } from '../build/digest.mjs';
import { PACKAGES, PRIVATE, TABLE, TYPES, VOCABULARY } from './import-table.mjs';

const FOLDERS = ['stages', 'bin', 'test', 'bench', 'manifests', 'schemas'];
const ENDINGS = ['.ts', '.mjs', '.cjs'];

// At the start of a line, or a call: prose in comments does not look like that.
const IMPORT = new RegExp(
  [
    /^(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"\n]+)['"]/,
    /^import\s*['"]([^'"\n]+)['"]/,
    /\b(?:import|require|createRequire\(import\.meta\.url\))\(\s*['"]([^'"\n]+)['"]\s*\)/,
  ]
    .map((form) => form.source)
    .join('|'),
  'gm',
);

/** All breaches of the table, as `file:line: sentence`. */
export function checkImports() {
  const graph = readGraph();
  return [...graph.values()].flat().flatMap(breachOf).concat(findCycles(graph));
}

function readGraph() {
  const files = FOLDERS.flatMap((folder) => filesBelow(join(TOP, folder), ENDINGS)).filter(
    (file) => !file.includes('/manifests/images/'),
  );
  return new Map(files.map((file) => [relative(TOP, file), importsOf(file)]));
}

function importsOf(file) {
  // Code in one-line template strings is somebody else's: programs that tests write and run.
  const text = readFileSync(file, 'utf8').replaceAll(/`[^`\n]*`/g, '``');
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3];
    const line = text.slice(0, match.index).split('\n').length;
    const target = specifier.startsWith('.') ? relative(TOP, resolve(dirname(file), specifier)) : undefined;
    return { file: relative(TOP, file), line, specifier, target, isType: /^(?:import|export) type\b/.test(match[0]) };
  });
}

function breachOf({ file, line, specifier, target, isType }) {
  const place = `${file}:${line}`;
  if (target === undefined) {
    const name = specifier.split('/')[0];
    const folders = PACKAGES[name];
    if (specifier.startsWith('node:') || folders?.some((folder) => isIn(file, folder))) return [];
    return [
      `${place}: "${specifier}" may be loaded ${folders ? `only in ${folders.join(', ')}` : 'nowhere: it is not a dependency'}`,
    ];
  }
  if (target.startsWith('dist/')) return [];
  if (!existsSync(join(TOP, target))) return [`${place}: "${specifier}" does not exist`];
  const folders = PRIVATE[target];
  if (folders && !folders.some((folder) => isIn(file, folder)))
    return [`${place}: ${target} may be imported only in ${folders.join(', ')}`];
  const owner = ownerOf(file);
  if (owner === undefined) return [`${place}: no rule for this folder in bin/check/import-table.mjs`];
  if (mayImport(file, owner, target, isType)) return [];
  return [`${place}: ${owner} may import ${TABLE[owner].join(', ') || 'nothing of ours'}, not ${target}`];
}

/** The longest entry of the table that holds the file. */
function ownerOf(file) {
  return Object.keys(TABLE)
    .filter((entry) => isIn(file, entry))
    .toSorted((a, b) => b.length - a.length)[0];
}

function mayImport(file, owner, target, isType) {
  if (isIn(target, owner) && ownerOf(target) === owner) return true;
  if (VOCABULARY.includes(target)) return !isIn(file, 'stages/linux') && !isIn(file, 'stages/tape');
  const allowed = isType ? [...TABLE[owner], ...(TYPES[owner] ?? [])] : TABLE[owner];
  return allowed.some((entry) => isIn(target, entry));
}

function isIn(file, folder) {
  return file === folder || file.startsWith(`${folder}/`);
}

/** Cycles of files, each once, at the import that closes it. Depth first: a file on the current path closes a cycle. */
function findCycles(graph) {
  const found = [];
  const done = new Set();
  const path = [];
  const visit = (file) => {
    if (done.has(file)) return;
    path.push(file);
    for (const { line, target } of graph.get(file) ?? []) {
      const start = path.indexOf(target);
      if (start >= 0) found.push(`${file}:${line}: closes a cycle: ${[...path.slice(start), target].join(' → ')}`);
      else if (target !== undefined) visit(target);
    }
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}
