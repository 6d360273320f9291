import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOverlays } from '../../../../stages/stage0/rootfs/overlay.ts';
import type { RootfsInput } from '../../../../stages/stage0/rootfs/types.ts';
import { disassemble } from '../../../../stages/tape/disassemble.ts';
import { Program } from '../../../../stages/tape/program.ts';

const AT = { file: 'pod.yaml', line: 3, col: 1 };

function inputOf(layers: number, detachedLayers: boolean, hasPlainEtc = false): RootfsInput {
  const names = Array.from({ length: layers }, (_, i) => `/images/layers/${i.toString(16).padStart(64, '0')}`);
  const app = {
    name: 'web',
    imageMounts: [{ target: '/', layers: names }],
    imageAt: AT,
    readOnly: false,
    nosuid: true,
  };
  return {
    apps: [{ ...app, hasPlainEtc, mounts: [], cgroupViews: [], maskedPaths: [], readOnlyPaths: [], at: AT }],
    volumes: [],
    stores: [],
    deviceNodes: [],
    storage: 'pod',
    userns: true,
    isNormalUser: false,
    ids: 65536,
    hostNetwork: false,
    joined: [],
    layersDir: '/images/layers',
    detachedLayers,
    kernelPaths: new Set(),
    sysctls: [],
    podAt: AT,
  };
}

function callsOf(input: RootfsInput): string[] {
  const program = new Program();
  planOverlays(program.tape({ purpose: 'attach' }), input);
  return disassemble(program).map(({ call }) => call);
}

test('with detached layers the monitor stays in its mount namespace, and all layers share a mount', () => {
  const calls = callsOf(inputOf(40, true));
  assert.equal(calls.filter((call) => /^(unshare|setns|move_mount|chdir)/.test(call)).length, 0);
  assert.equal(calls.filter((call) => call.includes('open_tree(')).length, 1);
});

test('without them the layers are mounted in a namespace of its own, that is left again', () => {
  const calls = callsOf(inputOf(2, false));
  const find = (name: string): number => calls.findIndex((call) => call.includes(`${name}(`));
  const order = ['unshare', 'move_mount', 'fsopen', 'setns', 'chroot'].map(find);
  assert.ok(order.every((place) => place >= 0));
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});

test('without them 60 layers fit into the one string that the kernel takes', () => {
  const calls = callsOf(inputOf(60, false));
  assert.equal(calls.filter((call) => call.includes('"lowerdir"')).length, 1);
  assert.equal(calls.filter((call) => call.includes('"lowerdir+"')).length, 0);
});

test("the pod's own layer lies on top of the image's, where its /etc is plain", () => {
  const lowerOf = (input: RootfsInput): string | undefined => callsOf(input).find((call) => call.includes('lowerdir'));
  assert.match(lowerOf(inputOf(1, true, true))!, /"lowerdir", "\/proc\/self\/fd\/901:\/proc\/self\/fd\/902\//);
  assert.match(lowerOf(inputOf(2, false, true))!, /"lowerdir", "901:903:902"/);
  assert.doesNotMatch(lowerOf(inputOf(1, true))!, /901/);
});
