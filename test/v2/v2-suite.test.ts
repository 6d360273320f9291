import { playSuite } from './suite.ts';
import { UML } from './uml.ts';

const NAMES = ['cgroups', 'devices', 'disks', 'enforcement', 'processors-and-memory', 'status'];
playSuite(
  UML,
  'v2',
  NAMES.map((name) => `isolators/${name}`),
);
