import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { renderText } from '../../../../stages/stage0/manifest/render.ts';
import { renderGithub, renderSarif, toObjects } from '../../../../stages/stage0/manifest/render-data.ts';

const at = (line: number, col: number, file = 'pod.yaml'): { file: string; line: number; col: number } => ({
  file,
  line,
  col,
});
const TEXT = 'kind: Pod\n\tport: "80" # text\n名前: x\n';

function render(error: PodError, text = TEXT, color = false): string {
  return renderText({ errors: [error], warnings: [] }, { color, textOf: () => text });
}

test('a message is followed by its line, a caret below the text, and the hint', () => {
  const error = new PodError('manifest/schema', 'kind: "Pood" is wrong', { at: at(1, 7), hint: 'did you mean "Pod"?' });
  assert.equal(
    render(error),
    'pod.yaml:1:7: error: kind: "Pood" is wrong [manifest/schema]\n 1 | kind: Pod\n   |       ^~~\n  hint: did you mean "Pod"?\n',
  );
});

test('the caret stands right behind tabs and below quoted text', () => {
  assert.match(render(new PodError('manifest/schema', 'x', { at: at(2, 8) })), / {3}\| \t {6}\^~~~\n/);
});

test('the caret goes below a plain text with its blanks, and no further', () => {
  for (const [line, col, token] of [
    ['size: 100 MB', 7, '100 MB'],
    ['size: 100 MB  # that much', 7, '100 MB'],
    ['{size: 100 MB , kind: empty}', 8, '100 MB'],
    ['two words: x', 1, 'two words'],
    ['at: 10:30 a#b', 5, '10:30 a#b'],
    ['- name: x', 1, '-'],
    ['exec: *nope # x', 7, '*nope'],
    ['exec: "a b" c', 7, '"a b"'],
  ] as const) {
    const [, , marker] = render(new PodError('manifest/schema', 'x', { at: at(1, col) }), line).split('\n');
    assert.equal(marker!.replaceAll(/[ |]/g, '').length, token.length, line);
  }
});

test('wide characters take two columns', () => {
  assert.match(render(new PodError('manifest/schema', 'x', { at: at(3, 5) })), / {3}\| {7}\^\n/);
});

test('a place past the end of its line, or of the file, breaks nothing', () => {
  assert.match(render(new PodError('manifest/syntax', 'x', { at: at(1, 999) })), / {3}\| {10}\^\n/);
  assert.equal(
    render(new PodError('manifest/syntax', 'x', { at: at(99, 1) })),
    'pod.yaml:99:1: error: x [manifest/syntax]\n',
  );
});

test('a long line is cut around the place', () => {
  const [, line, marker] = render(
    new PodError('manifest/schema', 'x', { at: at(1, 5001) }),
    `${'a'.repeat(5000)}!${'b'.repeat(5000)}`,
  ).split('\n');
  assert.ok(line!.length < 140 && line!.startsWith(' 1 | …a') && line!.endsWith('b…'));
  assert.equal(line![marker!.indexOf('^')], '!');
});

test('control characters never reach the terminal', () => {
  const rendered = render(
    new PodError('manifest/syntax', 'x \u001b[2J \u202e', { at: at(1, 1, 'a\u001bb') }),
    '\u001b]0;x\u0007: 1',
  );
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(rendered, /[\u001b\u0007\u202e]/);
});

test('colours only on request', () => {
  const error = new PodError('manifest/schema', 'x', { at: at(1, 1), hint: 'y' });
  assert.ok(render(error, TEXT, true).includes('\u001b[1;31merror\u001b[0m'));
  assert.ok(!render(error).includes('\u001b'));
});

const FOUND = {
  errors: [
    new PodError('manifest/schema', 'second', { at: at(2, 3) }),
    new PodError('manifest/reference', 'first, 100%', { at: at(1, 2, 'a,b:c.yaml'), hint: 'do\nthis' }),
    new PodError('manifest/unreadable', 'nowhere'),
  ],
  warnings: [new PodError('manifest/schema', 'between', { at: at(2, 1) })],
};

test('errors and warnings stand in one order, by file and place', () => {
  const messages = (JSON.parse(JSON.stringify(toObjects(FOUND))) as { message: string }[]).map(
    ({ message }) => message,
  );
  assert.deepEqual(messages, ['first, 100%', 'between', 'second', 'nowhere']);
});

test('JSON has the place and the code', () => {
  const [first, second] = JSON.parse(JSON.stringify(toObjects(FOUND))) as object[];
  assert.deepEqual(first, {
    severity: 'error',
    code: 'manifest/reference',
    message: 'first, 100%',
    hint: 'do\nthis',
    file: 'a,b:c.yaml',
    line: 1,
    col: 2,
  });
  assert.deepEqual(second, {
    severity: 'warning',
    code: 'manifest/schema',
    message: 'between',
    file: 'pod.yaml',
    line: 2,
    col: 1,
  });
});

test('SARIF has a rule a code, and results that refer to them', () => {
  const { version, runs } = JSON.parse(renderSarif(FOUND, '1.2.3')) as {
    version: string;
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: { ruleId: string; ruleIndex: number; level: string; locations?: unknown[] }[];
    }[];
  };
  assert.equal(version, '2.1.0');
  const { tool, results } = runs[0]!;
  for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
  assert.deepEqual(
    results.map(({ level }) => level),
    ['error', 'warning', 'error', 'error'],
  );
  assert.deepEqual(results[0]?.locations, [
    { physicalLocation: { artifactLocation: { uri: 'a%2Cb%3Ac.yaml' }, region: { startLine: 1, startColumn: 2 } } },
  ]);
});

test('workflow commands escape what would end them', () => {
  assert.deepEqual(renderGithub(FOUND).split('\n'), [
    '::error file=a%2Cb%3Ac.yaml,line=1,col=2,title=manifest/reference::first, 100%25%0Ado%0Athis',
    '::warning file=pod.yaml,line=2,col=1,title=manifest/schema::between',
    '::error file=pod.yaml,line=2,col=3,title=manifest/schema::second',
    '::error title=manifest/unreadable::nowhere',
    '',
  ]);
});
