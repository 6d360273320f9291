/**
 * What Kubernetes makes of `$(NAME)`: the variable's value, or the text itself when there is none; `$$` is `$`.
 * https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (variables.get(name) ?? whole),
  );
}

/** What `expand` makes `text` of. */
export function escapeExpansion(text: string): string {
  return text.replaceAll(/\$+(?=\()|\${2,}/g, (dollars) => dollars + dollars);
}
