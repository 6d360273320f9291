import { playSuite } from './suite.ts';
import { UML } from './uml.ts';

const NAMES = ['cgroups', 'devices', 'enforcement', 'processors-and-memory', 'status'];
playSuite(
  UML,
  'v1',
  NAMES.map((name) => `isolators/${name}`),
);
