import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { EventStream } from '../../../../stages/stage0/pod/event-stream.ts';
import { EventTail } from '../../../../stages/stage0/pod/event-tail.ts';
import { podPath } from '../../../../stages/stage0/pod/layout.ts';
import { ensureLayout, PodStore } from '../../../../stages/stage0/pod/store.ts';
import { useScratch, UUID_A } from './scratch.ts';

const root = useScratch();

test('a follower shows what happens while its watch is being set up', (context) => {
  ensureLayout(root);
  const path = podPath(root, 'run', UUID_A);
  mkdirSync(path);
  writeFileSync(`${path}/events`, '{"t":1,"e":"pod-started"}\n');
  const watch = Reflect.get(EventTail.prototype, 'watch') as EventTail['watch'];
  context.mock.method(EventTail.prototype, 'watch', function (this: EventTail, ...of: Parameters<typeof watch>) {
    appendFileSync(`${path}/events`, '{"t":2,"e":"stopping"}\n');
    return Reflect.apply(watch, this, of) as boolean;
  });
  const seen: string[] = [];
  const sink: ConstructorParameters<typeof EventStream>[1]['sink'] = (events) =>
    void seen.push(...events.map(({ event }) => event.e));
  using stream = new EventStream(new PodStore(root), { uuid: UUID_A, sink });
  // It never ends: the pod is not removed.
  void stream.follow();
  assert.deepEqual(seen, ['pod-started', 'stopping']);
});
