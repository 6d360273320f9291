import type { ClaimStore } from '../../../../stages/stage0/network/claim-store.ts';

/** Claims without a disk, of any number of roots. */
export function memoryClaims(): ClaimStore {
  const held = new Map<string, string>();
  const claim = (root: string, kind: string, key: string, uuid: string): boolean => {
    if (held.has(`${root}:${kind}/${key}`)) return false;
    held.set(`${root}:${kind}/${key}`, uuid);
    return true;
  };
  const listClaims = (root: string, kind?: string): { key: string; uuid: string }[] =>
    [...held]
      .filter(([path]) => path.startsWith(`${root}:${kind}/`))
      .map(([path, uuid]) => ({ key: path.slice(`${root}:${kind}/`.length), uuid }));
  return {
    claim,
    release: (root, kind, key, uuid) =>
      held.get(`${root}:${kind}/${key}`) === uuid && held.delete(`${root}:${kind}/${key}`),
    claimFirstFree(root, kind, candidates, uuid) {
      for (const key of candidates) if (claim(root, kind, key, uuid)) return key;
      return undefined;
    },
    claimOwner: (root, kind, key) => held.get(`${root}:${kind}/${key}`),
    listClaims,
    hasClaims: (root, kind) => listClaims(root, kind).length > 0,
  };
}
