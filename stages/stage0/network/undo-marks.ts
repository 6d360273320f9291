import { ERRNO } from '../../linux/errno.ts';
import { NETLINK_NETFILTER } from '../../linux/netlink.ts';
import { NetlinkError, NetlinkSocket } from '../../linux/netlink-socket.ts';
import { batch, deleteTable, getTable } from '../../linux/nftables.ts';
import { marksTable } from './plan-marks.ts';

/** Takes away the table of a pod that is dead; nothing is left of most. */
export function deleteMarks(uuid: string): void {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  const table = marksTable(Buffer.from(uuid));
  if (socket.outcomes([getTable(table)])[0]?.errno !== 0) return;
  // Gone between the two looks: the pod's own monitor was still at it.
  const refused = socket
    .outcomes(batch([deleteTable(table)]))
    .find((one) => one !== undefined && one.errno !== 0 && one.errno !== ERRNO.ENOENT);
  if (refused) throw new NetlinkError('delete the firewall table', refused.errno, 0, refused.text);
}
