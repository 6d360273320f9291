import type { AppSpec, IsolatorSpec, NetworkSpec, PodSpec, PortSpec, VolumeSpec } from '../../manifest/spec.ts';
import { formatBytes } from '../bytes.ts';
import type { Box, Edge, Graph } from './graph.ts';

/** What a running pod has besides what its manifest says. */
export interface Running {
  readonly ips: readonly string[];
  /** By app: `running, pid 123`. */
  readonly states: Readonly<Record<string, string>>;
}

const NETWORK = 'network';

/** What the pod takes from the host, what it has of its own, and its apps. */
export function drawPod(spec: PodSpec, running?: Running): Graph {
  const images = [...new Set(spec.apps.map(({ image }) => image.value))];
  const ports = spec.apps.flatMap((app) => app.ports.filter(({ hostPort }) => hostPort !== undefined));
  const sources = spec.volumes.filter(({ kind }) => kind === 'host');
  const outside = [
    ...outsideNetwork(spec.network),
    ...ports.map(portBox),
    ...sources.map(sourceBox),
    ...images.map(imageBox),
  ];
  const inside = [networkBox(spec.network, running?.ips ?? []), ...spec.volumes.map(volumeBox), ...podLimits(spec)];
  return {
    groups: [
      { id: 'host', title: 'host', columns: [outside] },
      { id: 'pod', title: titleOf(spec), columns: [inside, spec.apps.map((app) => appBox(app, running))] },
    ],
    edges: [
      ...outsideNetwork(spec.network).map(({ id }) => ({ from: id, to: NETWORK, label: '' })),
      ...sources.map(({ name }) => ({ from: `source ${name}`, to: `volume ${name}`, label: '' })),
      ...spec.apps.flatMap(edgesOf),
    ],
  };
}

function titleOf({ name, userns }: PodSpec): string {
  return `pod ${name}, ${userns.mode === 'host' ? 'with the ids of the host' : `with ${userns.size} ids of its own`}`;
}

function outsideNetwork(network: NetworkSpec): Box[] {
  if (network.mode === 'none') return [];
  const found = { bridge: 'the bridge', host: "the host's network", pod: 'the network of', cni: 'CNI network' }[
    network.mode
  ];
  return [{ id: 'outside', lines: ['target' in network ? `${found} ${network.target}` : found] }];
}

function networkBox({ mode }: NetworkSpec, ips: readonly string[]): Box {
  return { id: NETWORK, lines: [`network: ${mode}`, ...ips] };
}

function portBox(port: PortSpec): Box {
  const { hostIP, hostPort, protocol } = port;
  return { id: portId(port), lines: [`port ${hostIP === undefined ? '' : `${hostIP}:`}${hostPort}/${protocol}`] };
}

function portId({ hostIP = '', hostPort, protocol }: PortSpec): string {
  return `port ${hostIP}:${hostPort}/${protocol}`;
}

function sourceBox(volume: VolumeSpec): Box {
  return { id: `source ${volume.name}`, lines: [volume.kind === 'host' ? volume.source : volume.name] };
}

function imageBox(ref: string): Box {
  return { id: `image ${ref}`, lines: [`image ${ref}`] };
}

function volumeBox(volume: VolumeSpec): Box {
  const about = {
    empty: () => (volume.kind === 'empty' ? `${volume.medium}${sizeText(volume.sizeBytes)}` : ''),
    host: () => (volume.kind === 'host' && volume.readOnly ? 'of the host, read-only' : 'of the host'),
    inline: () => (volume.kind === 'inline' ? Object.keys(volume.files).join(', ') : ''),
  }[volume.kind]();
  return { id: `volume ${volume.name}`, lines: [`volume ${volume.name}`, about] };
}

function sizeText(bytes: number | undefined): string {
  return bytes === undefined ? '' : `, ${formatBytes(bytes)}`;
}

function podLimits({ isolators }: PodSpec): Box[] {
  return isolators.length === 0
    ? []
    : [{ id: 'limits', lines: ['the pod as a whole', ...isolators.map(isolatorText)] }];
}

function isolatorText({ name, value }: IsolatorSpec): string {
  return `${name} ${JSON.stringify(value)}`;
}

function appBox(app: AppSpec, running: Running | undefined): Box {
  const state = running?.states[app.name];
  const lines = [
    `app ${app.name}`,
    ...(state === undefined ? [] : [state]),
    ...(app.exec ? [`exec ${app.exec.value.join(' ')}`] : []),
    ...(app.user ? [`user ${app.user.value}`] : []),
    ...(app.readOnlyRootFS ? ['read-only root file system'] : []),
    ...app.probes.map(({ role, question }) => `probe ${role} by ${question.kind}`),
    ...app.isolators.map(isolatorText),
  ];
  return { id: `app ${app.name}`, lines };
}

function edgesOf(app: AppSpec): Edge[] {
  const to = `app ${app.name}`;
  return [
    { from: `image ${app.image.value}`, to, label: '' },
    ...app.ports.flatMap((port) =>
      port.hostPort === undefined ? [] : [{ from: portId(port), to, label: `${port.name} ${port.port}` }],
    ),
    { from: NETWORK, to, label: '' },
    ...app.mounts.map(({ volume, path, readOnly }) => ({
      from: `volume ${volume}`,
      to,
      label: readOnly ? `${path}, read-only` : path,
    })),
    ...app.after.map(({ app: other, condition }) => ({
      from: `app ${other}`,
      to,
      label: `when ${condition}`,
      isOrder: true,
    })),
  ];
}
