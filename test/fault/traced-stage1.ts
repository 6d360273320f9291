import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { ERRNO } from '../../stages/linux/errno.ts';
import { ARCH } from '../../stages/linux/arch.ts';
import { SYSCALLS } from '../../stages/linux/syscall-numbers.ts';
import { TOP } from '../harness/paths.ts';
import { cliEnvironment, type CliResult } from '../harness/pod-cli.ts';

/** As in tracer.c. */
export const ROLES = ['monitor', 'init', 'app'] as const;
export type Role = (typeof ROLES)[number];

/** What happens at one system call of one of stage1's processes. */
export interface TracePoint {
  readonly role: Role;
  /** Counted from 1. */
  readonly call: number;
  /** Its name; only for people. */
  readonly name: string;
  /** Without one, the process is killed before the call. */
  readonly errno?: keyof typeof ERRNO;
}

const ACTIONS = { count: 0, kill: 1, fail: 2 } as const;

/** An installation of pod whose stage1 is run by `tracer.c`, in a directory of its own. */
export class TracedPod {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    for (const part of ['bin/pod.cjs', 'package.json']) cpSync(`${TOP}/${part}`, `${dir}/${part}`);
    cpSync(`${TOP}/dist`, `${dir}/dist`, { recursive: true, filter: (path) => !/stage1-|\/test$/.test(path) });
    mkdirSync(`${dir}/node_modules/@koromix`, { recursive: true });
    for (const part of ['koffi', '@koromix'])
      cpSync(`${TOP}/node_modules/${part}`, `${dir}/node_modules/${part}`, { recursive: true });
    const flags = ['-std=gnu17', '-O1', '-Wall', '-Wextra', '-Werror', `-DPOD_TRACER_PLAN="${dir}/plan"`];
    const out = `${dir}/dist/stage1-${ARCH}`;
    execFileSync(process.env['CC'] ?? 'cc', [...flags, '-o', out, `${TOP}/test/fault/tracer.c`], { stdio: 'inherit' });
  }

  /** `pod run -d`; the numbers of the calls the role made until then. */
  async countCalls(role: Role, root: string, manifest: string): Promise<string[]> {
    this.#plan(role, ACTIONS.count, 0, 0);
    const { exitCode, stderr } = await this.#run(root, manifest);
    if (exitCode !== 0) throw new Error(stderr);
    const names = new Map(Object.entries(SYSCALLS[ARCH]).map(([name, number]) => [number, name]));
    const numbers = readFileSync(`${this.#dir}/log`, 'utf8').trimEnd().split('\n').map(Number);
    return numbers.map((number) => names.get(number) ?? String(number));
  }

  /** `pod run -d`, where that happens. */
  runWith({ role, call, errno }: TracePoint, root: string, manifest: string): Promise<CliResult> {
    this.#plan(role, errno ? ACTIONS.fail : ACTIONS.kill, call, errno ? ERRNO[errno] : 0);
    return this.#run(root, manifest);
  }

  #plan(role: Role, action: number, call: number, errno: number): void {
    const stage1 = `${TOP}/dist/stage1-${ARCH}`;
    const words = [ROLES.indexOf(role), action, call, errno, stage1, `${this.#dir}/log`];
    writeFileSync(`${this.#dir}/plan`, words.join(' '));
  }

  async #run(root: string, manifest: string): Promise<CliResult> {
    const command = [`${this.#dir}/bin/pod.cjs`, 'run', '--root', root, '-d', manifest];
    const { exitCode, signal, stdout, stderr } = await execa(process.execPath, command, {
      env: cliEnvironment(),
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      timeout: 180_000,
    });
    return { exitCode, signal, stdout, stderr };
  }
}
