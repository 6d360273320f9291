// Test environments, in this process: the example of the guide, and an app that does nothing.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TOP, Unavailable } from '../workspace.mjs';

const EXAMPLE = join(TOP, 'manifests/examples/shop');
const IMAGES = join(TOP, 'manifests/images');

export class Environments {
  #workspace;
  #stacks;

  static async open(workspace) {
    if (!existsSync(`${IMAGES}/postgres/index.json`)) throw new Unavailable('the images are not built');
    const { environment } = await import(join(TOP, 'dist/test.mjs'));
    return new Environments(workspace, environment);
  }

  constructor(workspace, environment) {
    this.#workspace = workspace;
    const root = workspace.subdir('environments');
    workspace.defer(() =>
      execFileSync(process.execPath, [join(TOP, 'bin/pod.cjs'), 'gc', '--root', root, '--grace', '0s']),
    );
    const manifests = `${EXAMPLE}/db.pod.yaml`;
    const empty = { name: 'main', image: `oci:${IMAGES}/redis`, exec: ['/bin/sleep', '3600'] };
    this.#stacks = {
      database: environment('bench', { root, manifests, setup: (e) => query(e, SEED) }),
      fresh: environment('fresh', { root, manifests }),
      empty: environment('empty', {
        root,
        manifests: { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'empty' }, apps: [empty] },
      }),
    };
  }

  /** From the call to a pod that is ready; `count` at once. */
  async cloner(stack, count = 1) {
    await this.#stacks[stack].prepare();
    return async () => {
      const startMs = performance.now();
      const clones = await Promise.all(Array.from({ length: count }, () => this.#stacks[stack].clone()));
      const ms = performance.now() - startMs;
      await Promise.all(clones.map((clone) => clone.dispose()));
      return ms;
    };
  }

  async resetter(stack) {
    const e = await this.#stacks[stack].clone();
    this.#workspace.defer(() => e.dispose());
    return async () => {
      const startMs = performance.now();
      await e.reset();
      return performance.now() - startMs;
    };
  }

  /** What one would do in a database that runs already: only the database is new, and everything beside it is shared. */
  async templater() {
    const e = await this.#stacks.database.clone();
    this.#workspace.defer(() => e.dispose());
    await query(e, 'create database seeded template postgres');
    let made = 0;
    return async () => {
      const name = `test_${made++}`;
      const startMs = performance.now();
      await query(e, `create database ${name} template seeded`);
      const ms = performance.now() - startMs;
      await query(e, `drop database ${name}`);
      return ms;
    };
  }

  /** A database made from nothing, and seeded. */
  fresh() {
    return async () => {
      const startMs = performance.now();
      const e = await this.#stacks.fresh.clone();
      await query(e, SEED);
      const ms = performance.now() - startMs;
      await e.dispose();
      return ms;
    };
  }
}

const SEED = `create table items (id serial primary key, name text not null, price integer not null);
  insert into items (name, price) select 'item ' || n, n * 10 from generate_series(1, 20000) n;`;

async function query(e, sql) {
  const { exitCode, stderr } = await e.pods.db.exec(['/usr/lib/postgresql/15/bin/psql', '-h', '/tmp', '-qc', sql]);
  if (exitCode !== 0) throw new Error(stderr);
}
