import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMessages, type NetlinkMessage, u32 } from '../../../stages/linux/netlink.ts';
import { AF_INET, AF_INET6 } from '../../../stages/linux/constants.ts';
import {
  deleteLink,
  newAddress,
  newBridge,
  newDefaultRoute,
  newVeth,
  setLinkUp,
} from '../../../stages/linux/rtnetlink.ts';
import { hex } from './hex.ts';

/** Laid out by hand from linux/if_link.h and rtnetlink.h; the host tests show the same messages to the kernel. */
function encode(message: NetlinkMessage): string {
  return Buffer.from(encodeMessages([message]).bytes).toString('hex');
}

test('ip link set lo up', () => {
  const ifinfomsg = hex`00000000 00000000 01000000 01000000`;
  assert.equal(encode(setLinkUp('lo')), hex`28000000 10000500 01000000 00000000` + ifinfomsg + hex`07000300 6c6f0000`);
});

test('ip link delete br0', () => {
  const ifinfomsg = '00'.repeat(16);
  const name = hex`08000300 62723000`;
  assert.equal(encode(deleteLink('br0')), hex`28000000 11000500 01000000 00000000` + ifinfomsg + name);
});

test('ip addr replace 10.0.0.2/20 dev 5', () => {
  const address = Uint8Array.of(10, 0, 0, 2);
  const header = hex`28000000 14000505 01000000 00000000 02140000 05000000`;
  assert.equal(encode(newAddress(AF_INET, address, 20, u32(5))), header + hex`08000200 0a000002 08000100 0a000002`);
});

test('an IPv6 address is added without duplicate address detection', () => {
  const bytes = encodeMessages([newAddress(AF_INET6, new Uint8Array(16), 64, u32(5))]).bytes;
  assert.deepEqual([...bytes.subarray(16, 20)], [10, 64, 2, 0]);
});

test('ip route add default via 10.0.0.1', () => {
  const rtmsg = hex`02000000 fe040001 00000000`;
  const gateway = hex`08000500 0a000001`;
  const header = hex`24000000 18000506 01000000 00000000`;
  assert.equal(encode(newDefaultRoute(AF_INET, Uint8Array.of(10, 0, 0, 1))), header + rtmsg + gateway);
});

test('a bridge has its own MAC, no delay, no spanning tree and no snooping', () => {
  const mac = Uint8Array.of(6, 1, 2, 3, 4, 5);
  const delay = hex`08000100 00000000`;
  const stp = hex`08000500 00000000`;
  const snooping = hex`05001700 00000000`;
  const linkInfo =
    hex`2c001280 0b000100` + Buffer.from('bridge\0\0').toString('hex') + '1c000280' + delay + stp + snooping;
  const text = encode(newBridge({ name: 'br0', mac, mtu: 1400 }));
  const attributes = text.slice(2 * 32);
  assert.equal(attributes, hex`08000300 62723000 0a000100 060102030405 0000 08000400 78050000` + linkInfo);
});

test('both ends of a veth pair come in one message, the peer with its namespace', () => {
  const mtu = u32(1500);
  const veth = newVeth({
    host: { name: 'vp0', mtu },
    master: u32(9),
    peer: { name: 'eth0', mtu, mac: Uint8Array.of(6, 1, 2, 3, 4, 5) },
    netnsPid: u32(4242),
  });
  const text = encode(veth);
  const pid = hex`08001300 92100000`;
  assert.ok(text.endsWith(pid), 'the peer ends with IFLA_NET_NS_PID');
  assert.ok(text.includes(hex`08000a00 09000000`), 'the host end has its IFLA_MASTER');
  // VETH_INFO_PEER: struct ifinfomsg of a link that is down, then its name, MTU, queues and MAC.
  const queues = hex`08001f00 01000000 08002000 01000000`;
  const peer =
    '00'.repeat(16) + '09000300' + Buffer.from('eth0\0\0\0\0').toString('hex') + hex`08000400 dc050000` + queues;
  assert.ok(text.includes(hex`4c00 0100 ${peer} 0a000100 060102030405 0000`), text);
});
