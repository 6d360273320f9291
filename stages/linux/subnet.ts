// ip(7), ipv6(7)

import { BlockList, isIP } from 'node:net';

const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** Whether the address is in the subnet, as in `10.0.0.0/8` or `fd00::/8`. False for what is neither, or of the other version. */
export function isInSubnet(address: string, subnet: string): boolean {
  const [, base = '', bits = ''] = /^([0-9A-Fa-f:.]+)\/([0-9]{1,3})$/.exec(subnet) ?? [];
  const version = isIP(base);
  if (version === 0 || isIP(address) !== version || Number(bits) > BITS[version]!) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(address, family);
}
