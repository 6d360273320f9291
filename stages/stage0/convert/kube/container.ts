import { show } from '../../manifest/show.ts';
import type { Findings } from '../findings.ts';
import { type Fields, holds, type Rule, taken, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import { convertEnvironment, expandAll } from './environment.ts';
import { dockerReference } from './image-name.ts';
import { LOST_OF_CONTAINER } from './lost.ts';
import { convertPorts } from './ports.ts';
import { commandOf, probe } from './probes.ts';
import type { KubeContainer, KubePod } from './pod-state.ts';
import { convertResources } from './resources.ts';
import { convertSecurity } from './security.ts';
import { convertMounts } from './volumes.ts';

/** Of Kubernetes, where nothing is said. */
const DEFAULT_GRACE_SECONDS = 30;
/** Of hooks, here. */
const HOOK_SECONDS = 30;
const STDIN = '"pod run -i" gives the input to the app: remove it';

function hook(name: 'postStart' | 'preStop'): Rule<KubeContainer> {
  return (node, { app }, findings) => {
    const fields: Fields<unknown> = {
      exec: (exec) => {
        const command = commandOf(exec, findings);
        if (command) app.map('hooks', node).set(name, command, exec.field('command')!);
      },
      httpGet: 'a hook is a command: use exec with a program of the image',
      tcpSocket: 'Kubernetes ignores it: remove it',
      sleep: 'a hook is a command: use exec with a program of the image, as in [sleep, "5"]',
    };
    walk(node, fields, undefined, findings);
  };
}

const LIFECYCLE: Fields<KubeContainer> = {
  postStart: hook('postStart'),
  preStop: hook('preStop'),
  stopSignal: (node, { app }, findings) => app.map('stop', node).maybe('signal', findings.text(node), node),
};

/** An image's own command is not known here, so arguments for it cannot be put behind it. */
function convertCommand({ from, app, ...rest }: KubeContainer, findings: Findings): void {
  const command = from.field('command');
  const args = from.field('args');
  const words = [...(findings.texts(command) ?? []), ...(findings.texts(args) ?? [])];
  if (words.length === 0) return;
  if (!command || command.isEmpty) {
    const hint = 'write the image\'s entry point as command; "pod image inspect" shows it';
    findings.refuse(args!, hint);
    return;
  }
  app.set('exec', expandAll(words, { from, app, ...rest }), command);
}

const CONTAINER: Fields<KubeContainer> = {
  name: (node, { app }, findings) => app.maybe('name', findings.text(node), node),
  image: (node, { app }, findings) => {
    const image = findings.text(node);
    if (image !== undefined && image !== '') app.set('image', dockerReference(image), node);
  },
  imagePullPolicy: holds(['IfNotPresent'], 'an image is fetched when it is needed; "pod image fetch" fetches it again'),
  env: convertEnvironment,
  command: (_node, container, findings) => convertCommand(container, findings),
  args: (_node, container, findings) => {
    if (!container.from.field('command')) convertCommand(container, findings);
  },
  workingDir: (node, { app }, findings) => {
    if (!node.isEmpty) app.maybe('workingDirectory', findings.text(node), node);
  },
  tty: (node, { app }, findings) => {
    if (findings.flag(node) === true) app.set('tty', true, node);
  },
  stdin: holds([false], STDIN),
  stdinOnce: holds([false], STDIN),
  volumeMounts: convertMounts,
  ports: convertPorts,
  resources: (node, { app }, findings) => convertResources(node, app, findings),
  startupProbe: probe('start'),
  readinessProbe: probe('ready'),
  livenessProbe: probe('live'),
  lifecycle: (node, container, findings) => walk(node, LIFECYCLE, container, findings),
  // After all that it depends on.
  securityContext: taken,
  restartPolicy: (node, { isInit }, findings) => {
    const hint = isInit
      ? 'make it one of the containers: a pod does not end a sidecar when the others have ended'
      : 'write restart for the app when it is converted';
    findings.refuse(node, hint);
  },
  restartPolicyRules: 'write restart: {policy: on-failure} for the app when it is converted',
  terminationMessagePath: holds(['/dev/termination-log'], 'the log and the exit code say how an app ended: remove it'),
  terminationMessagePolicy: holds(['File'], 'the log and the exit code say how an app ended: remove it'),
  ...LOST_OF_CONTAINER,
};

export function convertContainer(from: Node, isInit: boolean, pod: KubePod, findings: Findings): KubeContainer {
  const container: KubeContainer = { from, app: pod.pod.add('apps', from), in: pod, isInit };
  walk(from, CONTAINER, container, findings);
  convertSecurity(from.field('securityContext'), container, findings);
  convertRestart(container, findings);
  convertGrace(container, findings);
  return container;
}

const POLICIES: ReadonlyMap<unknown, string> = new Map([
  ['Always', 'always'],
  ['OnFailure', 'on-failure'],
  ['Never', 'never'],
]);

/** Kubernetes starts an app again unless it is told not to; what goes before the others only until it has succeeded. */
function convertRestart({ app, in: pod, isInit }: KubeContainer, findings: Findings): void {
  const { restartPolicy, spec } = pod;
  const policy = POLICIES.get(restartPolicy?.value ?? 'Always');
  if (policy === undefined) {
    findings.wrong(restartPolicy!, `${show(restartPolicy!.value)} is not one of ${[...POLICIES.keys()].join(', ')}`);
    return;
  }
  const from = restartPolicy ?? spec;
  if (policy !== 'never') app.map('restart', from).set('policy', isInit ? 'on-failure' : policy, from);
}

/** Half of what Kubernetes gives an app to stop would be a surprise, so its default is written down. */
function convertGrace({ app, in: pod }: KubeContainer, findings: Findings): void {
  const { grace, spec } = pod;
  const seconds = grace ? findings.whole(grace) : DEFAULT_GRACE_SECONDS;
  if (seconds === undefined) return;
  const from = grace ?? spec;
  app.map('stop', from).set('grace', `${seconds}s`, from);
  const hooks = app.value['hooks'] as object | undefined;
  if (hooks && Object.hasOwn(hooks, 'preStop') && seconds > HOOK_SECONDS)
    app.map('hooks', from).set('timeout', `${seconds}s`, from);
}
