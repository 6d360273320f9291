// Runs and times commands from a small shell: started from Node itself, every command would also pay for a fork of Node.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const LOOP = `
while IFS= read -r command; do
  start=$EPOCHREALTIME
  eval "$command" </dev/null >"$1" 2>&1
  code=$?
  end=$EPOCHREALTIME
  echo "$code $(( \${end/./} - \${start/./} ))"
done`;

/** Of the caller's environment, what would slow Node down or change what a command does. */
const UNSET = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS'];

export class TimingShell {
  #child;
  #lines;
  #outputFile;

  /** `wrap`: a command line to run the shell under, such as unshare; `prepare`: commands it runs first. */
  constructor(workspace, name, { wrap = [], prepare = '', env = {} } = {}) {
    this.#outputFile = workspace.path(`${name}.out`);
    const environment = { ...process.env, ...env };
    for (const key of UNSET) delete environment[key];
    const [command, ...args] = [...wrap, 'bash', '-c', `${prepare}\n${LOOP}`, name, this.#outputFile];
    this.#child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    workspace.defer(() => this.close());
  }

  /** Milliseconds the command took. Throws what it said when it fails. */
  async time(command) {
    this.#child.stdin.write(`${command.replaceAll('\n', ' ')}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the timing shell ended during: ${command}`);
    const [code, micros] = value.split(' ').map(Number);
    if (code !== 0) throw new Error(`${command}: exit ${code}: ${(await this.#output()).trim().slice(-1000)}`);
    return micros / 1000;
  }

  /** What the command printed. */
  async read(command) {
    await this.time(command);
    return this.#output();
  }

  async #output() {
    const { readFile } = await import('node:fs/promises');
    return readFile(this.#outputFile, 'utf8');
  }

  async close() {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await ended;
  }
}

/** One word of a shell command. */
export function quote(word) {
  return `'${String(word).replaceAll("'", `'\\''`)}'`;
}
