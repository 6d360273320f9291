import { configDir, findPlugin, pluginDirs, readNetworks } from '../../network/cni/find.ts';
import type { Finding } from './check.ts';

/** Networks that `cni:NAME` can use. A host without any is as it should be: most pods are on the bridge. */
export function checkCniNetworks(): Finding {
  const [dir, dirs] = [configDir(), pluginDirs()];
  const { networks, faults } = readNetworks(dir);
  const types = new Set(networks.flatMap(({ plugins }) => plugins.map(({ type }) => type)));
  const missing = [...types].filter((type) => findPlugin(type, dirs) === undefined);
  const names = networks.map(({ name }) => `"${name}"`).join(', ');
  if (faults.length === 0 && missing.length === 0)
    return { status: 'OK', detail: names === '' ? `none in ${dir}` : `${names} in ${dir}` };
  return {
    status: 'limited',
    detail: [
      ...faults.map(({ message }) => message),
      ...missing.map((type) => `no plugin "${type}" in ${dirs.join(', ')}`),
    ].join('; '),
    remedy: missing.length > 0 ? 'install the package containernetworking-plugins' : 'correct the file, or remove it',
  };
}
