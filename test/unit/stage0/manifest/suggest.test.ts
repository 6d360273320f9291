import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggest } from '../../../../stages/stage0/manifest/suggest.ts';

const CAPABILITIES = ['CAP_SETGID', 'CAP_NET_ADMIN', 'CAP_NET_BIND_SERVICE', 'CAP_NET_RAW', 'CAP_NET_BROADCAST'];
const ISOLATORS = ['resource/cpu', 'resource/memory', 'resource/memory-swap', 'os/linux/umask'];

test('what was begun right is gone on with, when few things begin so', () => {
  for (const [word, candidates, meant] of [
    ['CAP_NET_BIND', CAPABILITIES, 'CAP_NET_BIND_SERVICE'],
    ['net_bind', CAPABILITIES, 'CAP_NET_BIND_SERVICE'],
    ['resource/mem', ISOLATORS, 'resource/memory'],
    ['resource/', ISOLATORS, undefined],
    ['resource/nope', ISOLATORS, undefined],
    ['umask', ISOLATORS, 'os/linux/umask'],
    ['CAP_SETGUID', CAPABILITIES, 'CAP_SETGID'],
    ['TERM', ['SIGTERM', 'SIGTRAP'], 'SIGTERM'],
  ] as const)
    assert.equal(suggest(word, candidates), meant, word);
});
