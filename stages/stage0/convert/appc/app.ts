import { show } from '../../manifest/show.ts';
import type { Findings } from '../findings.ts';
import { type Fields, taken, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import { dockerReference } from '../kube/image-name.ts';
import type { AppcApp, AppcPod } from './appc-pod.ts';
import { convertIsolators } from './isolators.ts';
import { addMap, addTexts } from './named-values.ts';
import { convertPorts } from './ports.ts';
import { convertMounts } from './volumes.ts';

const HOOKS: ReadonlyMap<unknown, string> = new Map([
  ['pre-start', 'preStart'],
  ['post-stop', 'postStop'],
]);

function convertHandlers(list: Node, { app }: AppcApp, findings: Findings): void {
  for (const item of findings.items(list)) {
    const handler: { name?: Node; exec?: Node } = {};
    const fields = {
      name: (node: Node) => void (handler.name = node),
      exec: (node: Node) => void (handler.exec = node),
    };
    walk(item, fields, handler, findings);
    const hook = HOOKS.get(handler.name?.value);
    const command = findings.texts(handler.exec);
    if (hook === undefined) findings.wrong(handler.name ?? item, `an event is one of ${[...HOOKS.keys()].join(', ')}`);
    else if (command) app.map('hooks', list).set(hook, command, handler.exec!);
  }
}

/** Of an image, too: how it is run. */
export const APP: Fields<AppcApp> = {
  exec: (node, { app }, findings) => {
    if (!node.isEmpty) app.maybe('exec', findings.texts(node), node);
  },
  user: (node, { app }, findings) => app.maybe('user', findings.text(node), node),
  group: (node, { app }, findings) => app.maybe('group', findings.text(node), node),
  supplementaryGIDs: (node, { app }, findings) => {
    const groups = findings.items(node).flatMap((group) => findings.whole(group) ?? []);
    app.set('supplementaryGids', groups, node);
  },
  workingDirectory: (node, { app }, findings) => {
    if (!node.isEmpty) app.maybe('workingDirectory', findings.text(node), node);
  },
  environment: (node, { app }, findings) => addTexts(node, 'env', app, findings),
  // With the mounts of the pod.
  mountPoints: taken,
  ports: convertPorts,
  isolators: (node, { app }, findings) => convertIsolators(node, 'app', app, findings),
  eventHandlers: convertHandlers,
  userAnnotations: (node, { app }, findings) => addMap(node, 'annotations', app, findings),
  userLabels: 'only a pod has labels: move them there, or make them annotations',
};

/** Discovery finds an image of appc by its name in a way of its own, so which one it is here only a person knows. */
function requireImage(from: Node, image: Node, { app, in: { images } }: AppcApp, findings: Findings): void {
  const name = app.value['name'];
  if (typeof name !== 'string' || images.has(name)) return;
  const labels = image.field('labels')?.items ?? [];
  const version = labels.find((label) => label.field('name')?.value === 'version')?.field('value')?.value;
  const imageName = image.field('name')?.value;
  const known = typeof imageName === 'string' ? imageName.replace(/^registry-1\.docker\.io\//, 'docker.io/') : 'NAME';
  const tag = typeof version === 'string' ? `:${version}` : '';
  const hint = `name one with --image, as in --image ${name}=${dockerReference(known)}${tag}`;
  findings.refuse(from, hint, `the image of the app ${show(name)} is one of appc, which pod cannot fetch`);
  // That there is none is said.
  app.set('image', 'host', from);
}

const RUNTIME_APP: Fields<AppcApp> = {
  name: (node, { app }, findings) => app.maybe('name', findings.text(node), node),
  image: (node, app, findings) => requireImage(node, node, app, findings),
  app: (node, app, findings) => walk(node, APP, app, findings),
  mounts: taken,
  readOnlyRootFS: (node, { app }, findings) => {
    if (findings.flag(node) === true) app.set('readOnlyRootFS', true, node);
  },
  annotations: (node, { app }, findings) => addTexts(node, 'annotations', app, findings),
};

export function convertApp(from: Node, pod: AppcPod, findings: Findings): void {
  const app: AppcApp = { from, app: pod.pod.add('apps', from), in: pod };
  walk(from, RUNTIME_APP, app, findings);
  convertMounts(app, findings);
}

const IMAGE: Fields<AppcApp> = {
  acKind: taken,
  acVersion: taken,
  // Which files there are is the matter of the image that is given.
  name: taken,
  labels: taken,
  dependencies: taken,
  pathWhitelist: taken,
  app: (node, app, findings) => walk(node, APP, app, findings),
  annotations: (node, { app }, findings) => addTexts(node, 'annotations', app, findings),
};

/** A pod of one app, which is called as the last part of the image's name. */
export function convertImage(from: Node, pod: AppcPod, findings: Findings): void {
  const app: AppcApp = { from, app: pod.pod.add('apps', from), in: pod };
  const name = findings.text(from.field('name'))?.split('/').at(-1);
  app.app.maybe('name', name?.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'), from.field('name'));
  requireImage(from.field('name') ?? from, from, app, findings);
  walk(from, IMAGE, app, findings);
  convertMounts(app, findings);
}
