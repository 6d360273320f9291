/**
 * Where the network notes what a pod holds. `stages/stage0/pod/claims.ts` is the real one, passed in by the caller: that folder
 * stands above this one.
 */
export interface ClaimStore {
  claim(root: string, kind: string, key: string, uuid: string): boolean;
  release(root: string, kind: string, key: string, uuid: string): boolean;
  claimOwner(root: string, kind: string, key: string): string | undefined;
  claimFirstFree(root: string, kind: string, candidates: Iterable<string>, uuid: string): string | undefined;
  listClaims(root: string, kind?: string): readonly { readonly key: string; readonly uuid: string }[];
  hasClaims(root: string, kind: string): boolean;
}
