import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { drawPod, type Running } from '../../../../stages/stage0/cli/graph/draw-pod.ts';
import type { Graph } from '../../../../stages/stage0/cli/graph/graph.ts';
import { renderSvg } from '../../../../stages/stage0/cli/graph/svg.ts';
import { renderDot, renderMermaid } from '../../../../stages/stage0/cli/graph/text.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';
import { MANIFESTS } from '../../../harness/paths.ts';

const SHOP = `apiVersion: pod/v1
kind: Pod
metadata: {name: shop}
volumes:
  - {name: data, kind: empty, medium: memory, size: 64Mi}
  - {name: site, kind: host, source: /srv/site, readOnly: true}
apps:
  - {name: db, image: host, exec: [/bin/db, '<"&#>'], mounts: [{volume: data, path: /var/lib/db}]}
  - name: web
    image: oci:./web
    after: [{app: db, condition: ready}]
    mounts: [{volume: site, path: /srv, readOnly: true}]
    ports: [{name: http, port: 80, hostPort: 8080, hostIP: 127.0.0.1}, {name: admin, port: 81}]
    isolators: {resource/pids: {limit: 9}}
isolators: {resource/memory: {limit: 1Gi}}
`;

function draw(text: string, running?: Running): Graph {
  const { spec, errors } = parseManifest(text, 'shop.pod.yaml', { baseDir: '/m' });
  assert.deepEqual(errors, []);
  return drawPod(spec!, running);
}

function boxesOf({ groups }: Graph): Map<string, readonly string[]> {
  return new Map(groups.flatMap(({ columns }) => columns.flat()).map(({ id, lines }) => [id, lines]));
}

function edgesOf({ edges }: Graph): string[] {
  return edges.map(({ from, to, label }) => `${from} -> ${to}${label === '' ? '' : `: ${label}`}`);
}

test('what a pod takes and has is drawn, with what leads to what', () => {
  const graph = draw(SHOP);
  const boxes = boxesOf(graph);
  assert.deepEqual(boxes.get('volume data'), ['volume data', 'memory, 64.0 MiB']);
  assert.deepEqual(boxes.get('source site'), ['/srv/site']);
  assert.deepEqual(boxes.get('limits'), ['the pod as a whole', 'resource/memory {"limit":"1Gi"}']);
  assert.deepEqual(boxes.get('app web'), ['app web', 'resource/pids {"limit":9}']);
  const edges = edgesOf(graph);
  for (const edge of [
    'outside -> network',
    'source site -> volume site',
    'port 127.0.0.1:8080/tcp -> app web: http 80',
    'volume site -> app web: /srv, read-only',
    'app db -> app web: when ready',
    'image oci:./web -> app web',
  ])
    assert.ok(edges.includes(edge), `${edge} is not in\n${edges.join('\n')}`);
  assert.ok(!edges.some((edge) => edge.includes('admin')));
});

test('a running pod has addresses and states', () => {
  const boxes = boxesOf(draw(SHOP, { ips: ['10.0.0.2'], states: { db: 'running, pid 12' } }));
  assert.deepEqual(boxes.get('network'), ['network: bridge', '10.0.0.2']);
  assert.equal(boxes.get('app db')?.[1], 'running, pid 12');
});

test('a network of its own, of the host, or of another pod is said to be', () => {
  const outside = (mode: string): readonly string[] | undefined =>
    boxesOf(draw(`${SHOP}network: {mode: "${mode}"}\n`)).get('outside');
  assert.deepEqual(
    ['none', 'pod:db'].map((mode) => outside(mode)),
    [undefined, ['the network of db']],
  );
});

test('every edge leads from box to box, in every example and every format', () => {
  const texts = readdirSync(MANIFESTS).filter((name) => name.endsWith('.pod.yaml'));
  for (const text of [SHOP, ...texts.map((name) => readFileSync(join(MANIFESTS, name), 'utf8'))]) {
    const graph = draw(text);
    const boxes = boxesOf(graph);
    for (const { from, to } of graph.edges) assert.ok(boxes.has(from) && boxes.has(to), `${from} -> ${to}`);
    const svg = renderSvg(graph);
    assert.equal(svg.match(/<path /g)?.length ?? 0, graph.edges.length);
    assert.equal(svg.match(/<rect class="box"/g)?.length, boxes.size);
    assert.doesNotMatch(svg, /NaN|undefined/);
    assert.equal(renderDot(graph).match(/ -> /g)?.length, graph.edges.length);
    assert.doesNotMatch(renderMermaid(graph), /undefined/);
  }
});

test('what a manifest says breaks out of no format', () => {
  const graph = draw(SHOP);
  assert.match(renderSvg(graph), /exec \/bin\/db &#60;&#34;&#38;#&#62;/);
  assert.match(renderDot(graph), /exec \/bin\/db <\\"&#>/);
  assert.match(renderMermaid(graph), /exec \/bin\/db #60;#34;#38;#35;#62;/);
});
