type Json = Readonly<Record<string, unknown>>;

/** Says `up`, and `stops` when it is told to stop. */
export const POLITE = "trap 'echo stops; exit 0' TERM; echo up; while :; do sleep 1000 & wait $!; done";
/** Says `up` and cannot be stopped but by SIGKILL. */
export const STUBBORN = "trap '' TERM INT; echo up; while :; do sleep 1000; done";

/** A pod without a network whose apps are shell scripts, by name; a script may bring further members of its app. */
export function shellManifest(
  name: string,
  apps: Readonly<Record<string, string | (Json & { readonly script: string })>>,
): string {
  const members = Object.entries(apps).map(([app, value]) => {
    const { script, ...rest } = typeof value === 'string' ? { script: value } : value;
    return { name: app, image: 'host', exec: ['/bin/sh', '-c', script], ...rest };
  });
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name },
    network: { mode: 'none' },
    apps: members,
  });
}
