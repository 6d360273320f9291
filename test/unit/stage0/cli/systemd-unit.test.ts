import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderUnit, type UnitInput } from '../../../../stages/stage0/cli/systemd-unit.ts';

function render(more: Partial<UnitInput> = {}): string[] {
  const input: UnitInput = {
    kind: 'manifest',
    subject: 'web',
    command: ['/usr/bin/node', '/opt/pod/bin/pod.cjs', 'run', '--rm', '/srv/web.pod.yaml'],
    paths: ['/var/lib/pod', '/srv/web.pod.yaml'],
    stopMs: 20_500,
    ...more,
  };
  return renderUnit(input).split('\n');
}

const lineOf = (lines: readonly string[], key: string): string | undefined =>
  lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);

test('a unit of a manifest waits for its word, and stops it alone', () => {
  const lines = render();
  assert.equal(lineOf(lines, 'ExecStart'), '/usr/bin/node /opt/pod/bin/pod.cjs run --rm /srv/web.pod.yaml');
  assert.deepEqual(
    ['Type', 'KillMode', 'TimeoutStopSec', 'Restart'].map((key) => lineOf(lines, key)),
    ['notify', 'mixed', '21s', 'no'],
  );
});

test('a unit of a folder has a watchdog, and leaves its pods when it ends', () => {
  const lines = render({ kind: 'folder' });
  assert.deepEqual(
    ['Type', 'KillMode', 'Restart', 'ExecReload'].map((key) => lineOf(lines, key)),
    ['notify', 'process', 'on-failure', '/bin/kill -HUP $MAINPID'],
  );
  assert.ok(lineOf(lines, 'WatchdogSec'));
});

test('whatever is in a word, it is one word and stands for itself', () => {
  const words = (word: string): string | undefined => lineOf(render({ command: ['/bin/x', word] }), 'ExecStart');
  assert.equal(words('a b'), '/bin/x "a b"');
  assert.equal(words(''), '/bin/x ""');
  assert.equal(words(';'), '/bin/x ";"');
  assert.equal(words('100%n'), '/bin/x "100%%n"');
  assert.equal(words('q"\\'), '/bin/x "q\\"\\\\"');
  assert.equal(words("it's"), '/bin/x "it\'s"');
  assert.equal(words('a\nExecStart=/bin/evil'), '/bin/x "a\\nExecStart=/bin/evil"');
  assert.equal(words('\u0007'), '/bin/x "\\x07"');
  assert.equal(words('$HOME'), ':/bin/x "$HOME"');
});

test('paths and the description are escaped too', () => {
  const lines = render({ paths: ['/a b', '/c%i'], subject: 'folder /c%i' });
  assert.equal(lineOf(lines, 'RequiresMountsFor'), '"/a b" "/c%%i"');
  assert.equal(lineOf(lines, 'Description'), 'pod folder /c%%i');
});
