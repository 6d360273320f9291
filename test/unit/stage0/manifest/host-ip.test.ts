import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appWith, parse, places } from './parse-case.ts';

function errorsOf(hostIP: string): string[] {
  return places(parse(appWith(`ports: [{name: p, port: 1, hostPort: 1, hostIP: "${hostIP}"}]`)).errors);
}

for (const address of ['::FFFF:127.0.0.1', '224.0.0.1', '239.1.2.3', '255.255.255.255', 'ff02::1']) {
  test(`${address} is refused, for no packet that is for one host has it`, () => {
    const [error, ...others] = errorsOf(address);
    assert.match(error ?? '', /manifest\/schema$/);
    assert.deepEqual(others, []);
  });
}

for (const address of ['127.0.0.1', '192.0.2.255', '::', '::1', 'fe80::1', 'ff::1', 'fd00::ffff:1']) {
  test(`${address} is taken`, () => {
    assert.deepEqual(errorsOf(address), []);
  });
}
