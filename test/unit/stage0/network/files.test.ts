import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile } from '../../../../stages/stage0/network/hosts-file.ts';
import { resolvConf } from '../../../../stages/stage0/network/resolv-conf.ts';

test('nameservers on the loopback are left out, everything else is kept', () => {
  const host =
    '# by hand\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver ::1\nnameserver fd00::53\nsearch example.org\noptions edns0\n';
  assert.equal(resolvConf(host), 'nameserver 192.0.2.53\nnameserver fd00::53\nsearch example.org\noptions edns0\n');
});

test('where only the loopback answers, its upstream servers are asked', () => {
  const upstream = 'nameserver 192.0.2.53\nsearch other.example\n';
  assert.equal(
    resolvConf('nameserver 127.0.0.53\nsearch example.org\n', upstream),
    'nameserver 192.0.2.53\nsearch example.org\n',
  );
});

test('no nameserver is made up, and one that needs an interface of the host is left out', () => {
  assert.equal(resolvConf('nameserver 127.0.0.1\nnameserver fe80::1%eth0\n'), '');
  assert.equal(resolvConf('nameserver fe80::1\nnameserver FEBF::1\nnameserver fec0::1\n'), 'nameserver fec0::1\n');
});

test('the hosts file names the pod by its addresses, or by the loopback when it has none', () => {
  const file = hostsFile('web', { ip4: '10.1.16.2', ip6: 'fd00::2' });
  assert.match(file, /^127\.0\.0\.1 localhost$/m);
  assert.match(file, /^10\.1\.16\.2 web$/m);
  assert.match(file, /^fd00::2 web$/m);
  assert.match(hostsFile('web'), /^127\.0\.0\.1 web$/m);
});
