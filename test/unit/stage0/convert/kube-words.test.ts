import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeExpansion, expand } from '../../../../stages/stage0/convert/kube/expand.ts';
import { dockerReference } from '../../../../stages/stage0/convert/kube/image-name.ts';
import { parseQuantity, scaleUp } from '../../../../stages/stage0/convert/kube/quantity.ts';

const IMAGES: readonly (readonly [kube: string, here: string])[] = [
  ['nginx', 'docker.io/library/nginx'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['grafana/grafana', 'docker.io/grafana/grafana'],
  ['docker.io/nginx', 'docker.io/library/nginx'],
  ['index.docker.io/a/b', 'docker.io/a/b'],
  ['localhost/a', 'localhost/a'],
  ['localhost:5000/a:1', 'localhost:5000/a:1'],
  ['registry/a', 'docker.io/registry/a'],
  ['ghcr.io/a/b@sha256:1', 'ghcr.io/a/b@sha256:1'],
  ['nginx:a/b', 'nginx:a/b'],
];

for (const [kube, here] of IMAGES)
  test(`the image ${kube} is ${here}`, () => assert.equal(dockerReference(kube), `docker://${here}`));

/** In thousandths, rounded up. */
const QUANTITIES: readonly (readonly [text: string | number, millis: bigint | undefined])[] = [
  ['1', 1000n],
  [1, 1000n],
  ['+1', 1000n],
  ['1.', 1000n],
  ['.5', 500n],
  [0.5, 500n],
  ['100m', 100n],
  ['1u', 1n],
  ['1n', 1n],
  ['0', 0n],
  ['1Ki', 1_024_000n],
  ['1.5Ki', 1_536_000n],
  ['1k', 1_000_000n],
  ['1e3', 1_000_000n],
  ['1E3', 1_000_000n],
  ['1E', 10n ** 21n],
  ['1e-3', 1n],
  ['-1', undefined],
  ['1K', undefined],
  ['1mi', undefined],
  ['1 Gi', undefined],
  ['.', undefined],
  ['', undefined],
  ['1e', undefined],
  ['1e100', undefined],
  ['1'.repeat(65), undefined],
  [Number.NaN, undefined],
];

for (const [text, millis] of QUANTITIES) {
  test(`the quantity ${JSON.stringify(text)}`, () => {
    const quantity = parseQuantity(text);
    assert.equal(quantity && scaleUp(quantity, 1000n), millis);
  });
}

test('what is escaped expands to itself', () => {
  for (const text of ['', '$', '$$', '$$$', '$(A)', '$$(A)', '$$$(A)', '$A$', 'a $(A) $$ $(', '${A}', '$($(A))'])
    assert.equal(expand(escapeExpansion(text), new Map([['A', 'x']])), text);
  assert.equal(escapeExpansion('echo $A ${B}'), 'echo $A ${B}');
});
