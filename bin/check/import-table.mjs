// Who may import whom: docs/architecture.md shows it as a picture. Arrows go one way; a folder that needs something above it
// is asking for it to be passed in.

/** The words the parts share: types and errors, no behaviour. Every stage may use them. */
export const VOCABULARY = [
  'stages/stage0/error.ts',
  'stages/stage0/manifest/spec.ts',
  'stages/stage0/image/types.ts',
  'stages/stage0/isolators/isolator.ts',
  'stages/stage0/network/types.ts',
  'stages/stage0/plan/facts.ts',
];

/** The deepest folder that matches a file decides. A folder may always import itself. */
export const TABLE = {
  'stages/linux': [],
  'stages/tape': ['stages/linux'],
  'stages/stage1': ['stages/linux', 'stages/tape'],
  'stages/stage2': ['stages/linux', 'stages/tape'],
  'stages/stage0/error.ts': [],
  'stages/stage0/manifest': ['schemas', 'stages/stage0/isolators', 'stages/stage0/metadata/appc.ts'],
  'stages/stage0/image': ['stages/linux', 'stages/stage0/metadata/appc.ts'],
  // Quantities are the manifest's way to write numbers, whoever lowers them.
  'stages/stage0/isolators': ['stages/linux', 'stages/tape', 'stages/stage0/manifest/quantity.ts'],
  'stages/stage0/rootfs': ['stages/linux', 'stages/tape'],
  'stages/stage0/network': ['stages/linux', 'stages/tape'],
  'stages/stage0/cgroup': ['stages/linux', 'stages/tape'],
  // What acts of it reads the host's key as the pod's other files are read.
  'stages/stage0/metadata': ['stages/linux', 'stages/tape'],
  'stages/stage0/pod': ['stages/linux'],
  'stages/stage0/plan': [
    'stages/linux',
    'stages/tape',
    'stages/stage2',
    'stages/stage0/isolators',
    'stages/stage0/rootfs',
    'stages/stage0/network',
    'stages/stage0/cgroup',
  ],
  // Texts become texts: it starts nothing, and reads no file.
  'stages/stage0/convert': ['stages/linux/capabilities.ts', 'stages/stage0/manifest', 'stages/stage0/isolators'],
  'stages/stage0/pins': ['stages/stage0/image'],
  // Git, and where what it brings is kept.
  'stages/stage0/source': ['stages/linux', 'stages/stage0/pod'],
  // Above sets, which know nothing of time.
  'stages/stage0/watch': [
    'stages/linux/directory.ts',
    'stages/stage0/pod',
    'stages/stage0/sets',
    'stages/stage0/refusal.ts',
  ],
  // Folders of manifests: what is decided of them knows nobody who starts pods; what acts starts and stops them as the verbs do.
  'stages/stage0/sets': [
    'stages/linux/directory.ts',
    'stages/stage0/manifest',
    'stages/stage0/isolators',
    'stages/stage0/image',
    'stages/stage0/pod',
    'stages/stage0/gc',
    'stages/stage0/launch',
    'stages/stage0/pins',
    'stages/stage0/cli/control.ts',
    'stages/stage0/cli/bury.ts',
    'stages/stage0/cli/launch-api.ts',
    'stages/stage0/refusal.ts',
  ],
  // The launcher, the library and the command line stand above the rest.
  'stages/stage0': ['stages'],
  'stages/stage0/cli': ['stages', 'schemas'],
  'bin/build': ['schemas', 'stages/stage0/isolators', 'stages/stage0/manifest', 'stages/stage0/error.ts'],
  bin: ['stages/stage0/cli', 'bin'],
  manifests: [],
  test: ['stages', 'bin', 'manifests', 'schemas', 'bench'],
  bench: ['stages', 'manifests', 'bin', 'test/harness'],
};

/** What a folder may take types from, besides: a plan names what it was made for, and does nothing with it. */
export const TYPES = {
  'stages/stage0/plan': ['stages/stage0/image', 'stages/stage0/pod'],
  'stages/stage0/metadata': ['stages/stage2'],
};

/** Files for few, whatever the table says: calling the kernel by number is left to typed wrappers, and to tests of it. */
export const PRIVATE = {
  'stages/linux/syscall.ts': ['stages/linux', 'test'],
};

/** npm packages, and the folders that may load them. */
export const PACKAGES = {
  koffi: ['stages/linux'],
  yaml: ['stages/stage0/manifest', 'stages/stage0/cli', 'bin/build', 'test'],
  tar: ['stages/stage0/image', 'test'],
  execa: ['stages/stage0', 'test', 'bench'],
  ajv: ['bin/build', 'test'],
  esbuild: ['bin/build', 'test', 'bench'],
  // Examples import what their readers would.
  pod: ['manifests/examples'],
  vitest: ['manifests/examples'],
  '@jest': ['manifests/examples'],
};
