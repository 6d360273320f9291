/** For a client that could not be shown everything. */
export function lostNote(bytes: number): string {
  return bytes === 0 ? '' : `${bytes} bytes were not shown here, which was too slow for them: pod logs has them\n`;
}
