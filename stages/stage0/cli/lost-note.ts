/** For a client that could not be shown everything. */
export function lostNote(bytes: number): string {
  return bytes === 0 ? '' : `${bytes} bytes were not shown because this client was too slow: pod logs has them\n`;
}
