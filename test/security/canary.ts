import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';

const SECRET = 'the canary lives';
const OLD = new Date('2020-01-01T00:00:00Z');

/** A folder and a file of the host's that no pod is given. What happens to either shows. */
export class Canary {
  readonly dir: string;
  readonly file: string;
  readonly secret: string = SECRET;
  readonly #before: string;

  constructor(scratch: string) {
    this.dir = `${scratch}/canary`;
    this.file = `${this.dir}/file`;
    mkdirSync(`${this.dir}/inner`, { recursive: true });
    writeFileSync(this.file, SECRET);
    writeFileSync(`${this.dir}/inner/file`, SECRET);
    // Readable to everybody: what is to keep a pod away is not that it is nobody on the host.
    chmodSync(this.file, 0o666);
    chmodSync(this.dir, 0o777);
    for (const name of ['inner/file', 'inner', 'file', '.']) utimesSync(`${this.dir}/${name}`, OLD, OLD);
    this.#before = this.#look();
  }

  assertUntouched(): void {
    assert.equal(this.#look(), this.#before, 'the canary');
  }

  #look(): string {
    const names = ['.', ...readdirSync(this.dir, { recursive: true, encoding: 'utf8' }).toSorted()];
    return names
      .map((name) => {
        const stat = lstatSync(`${this.dir}/${name}`);
        const content = stat.isFile() ? readFileSync(`${this.dir}/${name}`, 'latin1') : '';
        return [name, stat.mode.toString(8), stat.uid, stat.gid, stat.nlink, stat.mtimeMs, content].join(' ');
      })
      .join('\n');
  }
}
