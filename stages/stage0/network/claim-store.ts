/**
 * Where the network records what a pod holds. The real implementation, `stages/stage0/pod/claims.ts`, is passed in by the caller,
 * because that folder is above this one.
 */
export interface ClaimStore {
  claim(root: string, kind: string, key: string, uuid: string): boolean;
  release(root: string, kind: string, key: string, uuid: string): boolean;
  claimOwner(root: string, kind: string, key: string): string | undefined;
  claimFirstFree(root: string, kind: string, candidates: Iterable<string>, uuid: string): string | undefined;
  listClaims(root: string, kind?: string): readonly { readonly key: string; readonly uuid: string }[];
  hasClaims(root: string, kind: string): boolean;
}
