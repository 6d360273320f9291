import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { newEventSink, renderEvents } from '../../../../stages/stage0/cli/event-printer.ts';
import { FORMATS, render } from '../../../../stages/stage0/cli/format.ts';
import { Terminal } from '../../../../stages/stage0/cli/terminal.ts';
import { VERBS } from '../../../../stages/stage0/cli/verbs.ts';
import type { EventOfPod } from '../../../../stages/stage0/pod/event-stream.ts';

/** What `Terminal` takes when nothing is a terminal. */
class Recorder extends Terminal {
  text = '';

  constructor() {
    super('never');
  }

  override out(text: string): void {
    this.text += text;
  }
}

test('every verb that has -o takes what cli.md says it takes everywhere', async () => {
  for (const { name, load } of VERBS) {
    const flag = (await load()).verb.flags.find((one) => one.name === 'output');
    if (flag) assert.deepEqual(flag.values?.slice(0, FORMATS.length), [...FORMATS], name);
  }
});

test('a result is shown in the form that was asked for', async () => {
  const view = {
    value: () => [{ a: 1 }, { a: 2 }],
    names: () => ['one', 'two'],
    text: (isWide: boolean) => (isWide ? 'wide\n' : 'narrow\n'),
  };
  const shown = await Promise.all(FORMATS.map((format) => render(format, view)));
  assert.deepEqual(shown, [
    'narrow\n',
    'wide\n',
    '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]\n',
    '- a: 1\n- a: 2\n',
    '{"a":1}\n{"a":2}\n',
    'one\ntwo\n',
  ]);
});

const EVENTS: readonly EventOfPod[] = [
  { uuid: 'u1', name: 'web', event: { t: 0, e: 'pod-started' } },
  { uuid: 'u2', name: null, event: { t: 1, e: 'pod-started' } },
  { uuid: 'u1', name: 'web', event: { t: 2, e: 'pod-started' } },
];

async function follow(format: string): Promise<string> {
  const terminal = new Recorder();
  const sink = await newEventSink(terminal, format);
  for (const event of EVENTS) sink([event]);
  return terminal.text;
}

test('events that are followed read, put together, as those that are listed', async () => {
  const list = async (format: string): Promise<string> => renderEvents(new Recorder(), EVENTS, format);
  for (const format of ['text', 'table', 'wide', 'jsonl', 'name'])
    assert.equal(await follow(format), await list(format));
  assert.equal(await follow('json'), await list('jsonl'));
  assert.deepEqual(parse(await follow('yaml')), JSON.parse(await list('json')));
  assert.equal(await list('name'), 'u1\nu2\n');
});
