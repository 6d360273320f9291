import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicGroup, publicPasswd } from '../../../../stages/stage0/image/host-accounts.ts';

const PASSWD =
  'root:$6$hash:0:0:root:/root:/bin/bash\nalice:x:1000:1000:Alice:/home/alice:/bin/sh\nnobody:x:65534:65534:::\nbroken line\n+::::::\n';

test('only system accounts are kept, and never a password', () => {
  assert.equal(publicPasswd(PASSWD), 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:::\n');
});

test('groups lose their passwords and the people in them', () => {
  const group = 'root:x:0:\nsudo:!hash:27:alice,root\nalice:x:1000:\nnogroup:x:65534:\n';
  assert.equal(publicGroup(group, PASSWD), 'root:x:0:\nsudo:x:27:root\nnogroup:x:65534:\n');
});
