import { ERRNO } from '../../linux/errno.ts';
import { NETLINK_NETFILTER } from '../../linux/netlink.ts';
import { NetlinkError, NetlinkSocket } from '../../linux/netlink-socket.ts';
import { batch, deleteTable, getTable } from '../../linux/nftables.ts';
import { marksTable } from './plan-marks.ts';

/** Deletes the table of a dead pod; most pods have none left. */
export function deleteMarks(uuid: string): void {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  const table = marksTable(Buffer.from(uuid));
  if (socket.outcomes([getTable(table)])[0]?.errno !== 0) return;
  // ENOENT: the pod's own monitor deleted it in between.
  const refused = socket
    .outcomes(batch([deleteTable(table)]))
    .find((one) => one !== undefined && one.errno !== 0 && one.errno !== ERRNO.ENOENT);
  if (refused) throw new NetlinkError('delete the firewall table', refused.errno, 0, refused.text);
}
