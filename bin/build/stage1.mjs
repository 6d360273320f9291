// The build step for dist/stage1-<arch>: one static binary an architecture, without a C library.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestFiles, DIST, filesBelow, TOP } from './digest.mjs';

const SOURCES = join(TOP, 'stages/stage1');

export const WARNINGS = [
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wshadow',
  '-Wstrict-prototypes',
  '-Wmissing-prototypes',
  '-Wformat=2',
  '-Wvla',
];

const FLAGS = [
  '-std=gnu17',
  '-Os',
  '-static',
  '-nostdlib',
  '-ffreestanding',
  '-fstack-protector-strong',
  '-fno-asynchronous-unwind-tables',
  '-fno-pie',
  '-no-pie',
  '-ffunction-sections',
  '-Wl,--gc-sections',
  '-Wl,--build-id=none',
  '-Wl,-z,noexecstack',
];

/** Without a C library there is no thread-local guard; aarch64 keeps it in a global by default. */
const ARCH_FLAGS = { x86_64: ['-mstack-protector-guard=global'], aarch64: [] };
const COMPILERS = { x86_64: 'x86_64-linux-gnu-gcc', aarch64: 'aarch64-linux-gnu-gcc' };
export const HOST_ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

export function stage1Sources(ending) {
  return filesBelow(SOURCES, [ending]);
}

/** All arguments of the compiler but the sources and `-o`. */
export function compilerFlags(arch) {
  return [...WARNINGS, ...FLAGS, ...ARCH_FLAGS[arch]];
}

/** Builds for this machine, and for every other architecture whose cross compiler is installed. Returns what it had to build. */
export function buildStage1() {
  const archs = [HOST_ARCH, ...Object.keys(ARCH_FLAGS).filter((other) => other !== HOST_ARCH)];
  return archs.filter(buildFor);
}

function buildFor(arch) {
  const digest = digestFiles([...stage1Sources('.c'), ...stage1Sources('.h')], compilerFlags(arch));
  if (isBuilt(arch, digest)) return false;
  const compiler = findCompiler(arch);
  if (compiler) {
    compile(compiler, arch, digest);
    return true;
  }
  if (arch === HOST_ARCH) throw new BuildError('building stage1 needs a C compiler: apt-get install gcc libc6-dev');
  // Better none than one of other sources than the rest of the package.
  for (const file of [binaryOf(arch), stampOf(arch)]) rmSync(file, { force: true });
  return false;
}

/** A failure whose message says all there is to say. */
export class BuildError extends Error {}

function binaryOf(arch) {
  return join(DIST, `stage1-${arch}`);
}

function stampOf(arch) {
  return `${binaryOf(arch)}.sources`;
}

function isBuilt(arch, digest) {
  return (
    existsSync(binaryOf(arch)) && existsSync(stampOf(arch)) && readFileSync(stampOf(arch), 'utf8').trim() === digest
  );
}

function findCompiler(arch) {
  const candidates = [...(arch === HOST_ARCH ? [process.env.CC ?? 'cc', 'gcc'] : []), COMPILERS[arch]];
  return candidates.find((candidate) => (arch === HOST_ARCH ? runs(candidate, ['--version']) : hasHeaders(candidate)));
}

/** A cross compiler without the C library's and the kernel's headers is none: its package only recommends them. */
function hasHeaders(compiler) {
  return runs(compiler, ['-E', '-include', 'errno.h', '-include', 'asm/unistd.h', '-x', 'c', '/dev/null']);
}

function runs(program, args) {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    // Not installed, or not a compiler: the next candidate.
    return false;
  }
}

function compile(compiler, arch, digest) {
  mkdirSync(DIST, { recursive: true });
  const made = `${binaryOf(arch)}.${process.pid}`;
  try {
    execFileSync(compiler, [...compilerFlags(arch), '-o', made, ...stage1Sources('.c')], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
  } catch (error) {
    rmSync(made, { force: true });
    throw new BuildError(
      `compiling stage1 for ${arch} with ${compiler} failed:\n${String(error.stderr ?? error.message).trim()}`,
    );
  }
  // Renamed into place: the old one may be running, and a running binary cannot be written to.
  renameSync(made, binaryOf(arch));
  writeFileSync(stampOf(arch), `${digest}\n`);
}
