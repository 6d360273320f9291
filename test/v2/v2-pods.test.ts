import { playSuite } from './suite.ts';
import { UML } from './uml.ts';

const NAMES = ['namespaces', 'storage', 'sums', 'update', 'launch-needs'];
playSuite(
  UML,
  'v2',
  NAMES.map((name) => `isolators/${name}`),
);
