/**
 * An image as Kubernetes and docker write it, with the registry that they leave out: "nginx" is docker.io/library/nginx. The first
 * part is a host when it looks like one: https://github.com/distribution/reference/blob/main/normalize.go
 */
export function dockerReference(name: string): string {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const hasHost = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  const [host, path] = hasHost ? [first, name.slice(slash + 1)] : ['docker.io', name];
  const isHub = host === 'docker.io' || host === 'index.docker.io';
  return `docker://${isHub ? 'docker.io' : host}/${isHub && !path.includes('/') ? 'library/' : ''}${path}`;
}

/** The way back: what `docker://…` is called where a registry need not be named; undefined for another kind of image. */
export function kubeImage(reference: string): string | undefined {
  return reference.startsWith('docker://') ? reference.slice('docker://'.length) : undefined;
}
