import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from '../../../../../stages/stage0/image/registry/proxy.ts';

const PROXY = { HTTPS_PROXY: 'http://proxy.test:3128' };

function has(host: string, exempt = ''): boolean {
  return proxyFor(host, { ...PROXY, NO_PROXY: exempt }) !== undefined;
}

test('a proxy is what the environment says, and only for other machines', () => {
  assert.equal(proxyFor('registry.test', PROXY)?.href, 'http://proxy.test:3128/');
  assert.equal(proxyFor('registry.test', { https_proxy: 'proxy.test:8080' })?.host, 'proxy.test:8080');
  for (const env of [{}, { HTTPS_PROXY: '' }]) assert.equal(proxyFor('registry.test', env), undefined);
  for (const host of ['localhost:5000', '127.0.0.1']) assert.equal(has(host), false);
});

test('exceptions are names, what is below them, and ports', () => {
  assert.equal(has('registry.test', 'registry.test'), false);
  assert.equal(has('a.registry.test:5000', 'other, registry.test'), false);
  assert.equal(has('a.registry.test', '.registry.test'), false);
  assert.equal(has('a.registry.test', '*.Registry.test'), false);
  assert.equal(has('registry.test', '.registry.test'), true);
  assert.equal(has('myregistry.test', 'registry.test'), true);
  assert.equal(has('registry.test:5000', 'registry.test:5000'), false);
  assert.equal(has('registry.test', 'registry.test:5000'), true);
  assert.equal(has('registry.test', 'registry.test:443'), false);
  assert.equal(has('registry.test', '*'), false);
  assert.equal(has('registry.test', ',, '), true);
});

test('exceptions are addresses and networks', () => {
  for (const [host, exempt] of [
    ['10.1.2.3:5000', '10.1.2.3'],
    ['10.1.2.3:5000', 'other,10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['10.1.2.3', '0.0.0.0/0'],
    ['[fd00::5]:5000', 'fd00::/8'],
    ['[fd00::5]:5000', 'FD00::5'],
    ['[fd00::5]:5000', '[fd00::5]:5000'],
  ] as const)
    assert.equal(has(host, exempt), false, `${host} ${exempt}`);
  for (const [host, exempt] of [
    ['11.1.2.3', '10.0.0.0/8'],
    ['10.1.2.3', '10.0.0.0/33'],
    ['10.1.2.3', 'fd00::/8'],
    ['10.registry.test', '10.0.0.0/8'],
    ['[fd00::5]', '[fd00::5]:5000'],
    ['[fe00::5]', 'fd00::/8'],
  ] as const)
    assert.equal(has(host, exempt), true, `${host} ${exempt}`);
});

test('what is no proxy is an error that does not show its password', () => {
  for (const text of ['socks5://user:s3cret@proxy', 'http://user:s3cret@:x', 'https://user:s3cret@proxy']) {
    assert.throws(
      () => proxyFor('registry.test', { HTTPS_PROXY: text }),
      (error: Error & { code?: string }) => error.code === 'image/unreachable' && !error.message.includes('s3cret'),
    );
  }
});
