import type { ClaimStore } from '../../../../stages/stage0/network/claim-store.ts';

/** Claims without a disk. */
export function memoryClaims(): ClaimStore {
  const held = new Map<string, string>();
  const claim = (_root: string, kind: string, key: string, uuid: string): boolean => {
    if (held.has(`${kind}/${key}`)) return false;
    held.set(`${kind}/${key}`, uuid);
    return true;
  };
  const listClaims = (_root: string, kind?: string): { key: string; uuid: string }[] =>
    [...held]
      .filter(([path]) => path.startsWith(`${kind}/`))
      .map(([path, uuid]) => ({ key: path.slice(path.indexOf('/') + 1), uuid }));
  return {
    claim,
    release: (_root, kind, key, uuid) => held.get(`${kind}/${key}`) === uuid && held.delete(`${kind}/${key}`),
    claimFirstFree(root, kind, candidates, uuid) {
      for (const key of candidates) if (claim(root, kind, key, uuid)) return key;
      return undefined;
    },
    claimOwner: (_root, kind, key) => held.get(`${kind}/${key}`),
    listClaims,
    hasClaims: (root, kind) => listClaims(root, kind).length > 0,
  };
}
