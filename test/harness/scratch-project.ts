import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { TOP } from './paths.ts';

/** A folder with copies of some of the project's files, for tests of the project's own tools. Removed when the file's tests ended. */
export class ScratchProject {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'pod-project-'));

  constructor(copied: readonly string[]) {
    after(() => rmSync(this.dir, { recursive: true, force: true }));
    for (const path of copied) cpSync(join(TOP, path), join(this.dir, path), { recursive: true });
  }

  write(path: string, content: string): void {
    const file = join(this.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
