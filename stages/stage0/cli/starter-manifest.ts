/** Values are written as JSON strings, which YAML reads the same way, whatever is in them. */
export function starterManifest(name: string, image: string | undefined): string {
  const command = image === undefined ? `    exec: [/bin/sh, -c, 'echo "Hello from $(uname -n)"']` : EXEC_NOTE;
  return `# A pod: apps that share a network, each in a root file system of its own.
# "pod run FILE" runs it, "pod validate FILE" finds what is wrong, "pod explain apps" explains a field.

apiVersion: pod/v1
kind: Pod
metadata: {name: ${JSON.stringify(name)}}

apps:
  - name: app
    # host: the system directories of this host, unchanged. Others: oci:DIR:TAG, docker://HOST/REPO:TAG
    image: ${JSON.stringify(image ?? 'host')}
${command}
    # ports: [{name: http, port: 80, hostPort: 8080, hostIP: 127.0.0.1}]
    # probes: {ready: {http: {port: http, path: /}, period: 2s}}
    # restart: {policy: on-failure}
    # mounts: [{volume: data, path: /data}]
    isolators:
      resource/cpu: {limit: 500m}
      resource/memory: {limit: 256Mi}
      resource/pids: {limit: 128}

# volumes: [{name: data, kind: empty, medium: disk}]
`;
}

const EXEC_NOTE = '    # exec: [/bin/program, --flag]   # without it, what the image says';
