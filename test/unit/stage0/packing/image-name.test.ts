import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameOf } from '../../../../stages/stage0/packing/image-name.ts';

test('an archive calls its image as its reference does, as far as other tools can take that', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  for (const [ref, name] of [
    ['docker://docker.io/nginx:1.27', { full: 'docker.io/library/nginx:1.27', tag: '1.27' }],
    ['docker://localhost:5000/team/web', { full: 'localhost:5000/team/web:latest', tag: 'latest' }],
    [`docker://host.example/web@${digest}`, {}],
    ['docker-archive:/nowhere/web.tar:web', { full: 'web:latest', tag: 'latest' }],
    ['docker-archive:/nowhere/web.tar:localhost:5000/web:1', { full: 'localhost:5000/web:1', tag: '1' }],
    ['docker-archive:/nowhere/web.tar:Not A Name', {}],
    ['docker-archive:/nowhere/web.tar', {}],
    ['oci:/nowhere/web:stable', { tag: 'stable' }],
    ['oci:/nowhere/web', {}],
    ['tar:/nowhere/web.tar', {}],
    ['host', {}],
  ] as const)
    assert.deepEqual(nameOf(ref), name, ref);
});
