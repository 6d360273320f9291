// The shop: a database with its schema and a thousand items, and a cache. What a test needs of them, in a few lines.

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { environment } from 'pod/test';

const here = import.meta.dirname;

export const shop = environment('shop', {
  root: process.env.POD_EXAMPLE_ROOT,
  baseDir: here,
  manifests: '*.pod.yaml',
  inputs: 'schema.sql',
  setup: (e) => query(e, readFileSync(`${here}/schema.sql`, 'utf8')),
});

/** Lines of fields, by the database's own client; a real test would have one of its own, and dial `e.pods.db.ip`. */
export async function query(e, sql) {
  const { exitCode, stdout, stderr } = await e.pods.db.exec([
    '/usr/lib/postgresql/15/bin/psql',
    '-h',
    '/tmp',
    '-Atqc',
    sql,
  ]);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.trim().split('\n');
}

/** What the cache answers, dialled from here: no port is published. */
export function ask(e, command) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: e.pods.cache.ip, port: 6379 }, () => socket.write(`${command}\r\n`));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(String(data).trim());
    });
  });
}
