#!/usr/bin/env node
// Builds the images of the example manifests from Debian's packages: `node manifests/images/build.mjs [--force] [NAME…]`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BASE, DERIVED } from './recipes.mjs';
import { addLayer, bootstrap, configure, install, newLayout, run } from './steps.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const TOOLS = { mmdebstrap: 'mmdebstrap', umoci: 'umoci' };

/** Outside the working tree, so that a fresh clone does not build them again. */
const cacheRoot = process.env.POD_IMAGE_CACHE ?? '/var/cache/pod-images';

function recipesDigest() {
  const hash = createHash('sha256');
  for (const file of ['recipes.mjs', 'steps.mjs']) hash.update(readFileSync(join(here, file)));
  return hash.digest('hex').slice(0, 16);
}

/** The images that are absent from the working tree or were made from other recipes. */
export function missingImages() {
  const digest = recipesDigest();
  return [BASE, ...DERIVED].map((recipe) => recipe.name).filter((name) => stampOf(name) !== digest);
}

function stampOf(name) {
  const stamp = join(here, '.stamps', name);
  return existsSync(stamp) && existsSync(join(here, name, 'index.json')) ? readFileSync(stamp, 'utf8') : '';
}

/** Builds what is missing and puts it beside this file. */
export function buildImages(names, log = console.error) {
  if (names.length === 0) return;
  const cache = join(cacheRoot, recipesDigest());
  mkdirSync(cache, { recursive: true });
  if (names.some((name) => !existsSync(join(cache, name)))) requireTools();
  for (const name of names) {
    if (!existsSync(join(cache, name))) {
      const startedMs = Date.now();
      buildInto(cache, name);
      log(`built image ${name} in ${((Date.now() - startedMs) / 1000).toFixed(0)} s`);
    }
    publish(cache, name);
  }
}

/** What the machine lacks is for its owner to install: said in one line. */
export class MissingTools extends Error {}

function requireTools() {
  if (process.getuid() !== 0) throw new MissingTools('building the images needs root (mmdebstrap, umoci unpack)');
  const missing = Object.keys(TOOLS).filter((tool) => !isInstalled(tool));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => TOOLS[tool]))];
  throw new MissingTools(`building the images needs ${missing.join(', ')}: apt-get install ${packages.join(' ')}`);
}

function isInstalled(tool) {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Built under another name and renamed, so that nobody ever sees half an image. */
function buildInto(cache, name) {
  const work = mkdtempSync(join(cache, `.${name}-`));
  try {
    const layout = join(work, 'layout');
    if (name === BASE.name) {
      newLayout(layout, work, (rootfs) => bootstrapInto(rootfs, work));
      configure(layout, BASE.config);
    } else
      buildDerived(
        cache,
        work,
        layout,
        DERIVED.find((recipe) => recipe.name === name),
      );
    if (!existsSync(join(cache, name))) renameSync(layout, join(cache, name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function bootstrapInto(rootfs, work) {
  const made = join(work, 'made');
  bootstrap(made);
  rmSync(rootfs, { recursive: true });
  renameSync(made, rootfs);
}

function buildDerived(cache, work, layout, recipe) {
  if (recipe === undefined)
    throw new Error(`no recipe of that name; there are: ${[BASE, ...DERIVED].map(({ name }) => name).join(', ')}`);
  if (!existsSync(join(cache, BASE.name))) buildInto(cache, BASE.name);
  run('cp', ['-a', join(cache, BASE.name), layout]);
  addLayer(layout, work, (rootfs) => install(rootfs, recipe));
  configure(layout, recipe.config);
}

/** Layouts are never written to, so a tree of hard links does where the file system allows it. */
function publish(cache, name) {
  const target = join(here, name);
  rmSync(target, { recursive: true, force: true });
  try {
    run('cp', ['-al', join(cache, name), target]);
  } catch {
    // Another file system: links cannot cross it.
    rmSync(target, { recursive: true, force: true });
    run('cp', ['-a', join(cache, name), target]);
  }
  mkdirSync(join(here, '.stamps'), { recursive: true });
  writeFileSync(join(here, '.stamps', name), recipesDigest());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const named = args.filter((arg) => arg !== '--force');
  if (args.includes('--force')) rmSync(join(cacheRoot, recipesDigest()), { recursive: true, force: true });
  const all = [BASE, ...DERIVED].map((recipe) => recipe.name);
  const wanted = named.length > 0 ? named : args.includes('--force') ? all : missingImages();
  try {
    buildImages(wanted);
  } catch (error) {
    if (!(error instanceof MissingTools)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
