/**
 * What the example images are made of. `postgres` and the others share the layer of `debian`; each adds one of its own.
 * A change of anything here changes the digest of the recipes, and so rebuilds the images.
 */
export const SUITE = 'bookworm';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The base leaves these out from the first package on; dpkg keeps to it for the packages of the other layers. */
export const PATH_EXCLUDES = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/lintian/*',
  '/usr/share/bug/*',
];

export const BASE = {
  name: 'debian',
  packages: [],
  remove: [],
  config: ['--config.env', PATH, '--config.cmd', '/bin/bash'],
};

export const DERIVED = [
  {
    name: 'nginx',
    packages: ['nginx-light'],
    remove: ['var/log/nginx'],
    config: [
      '--clear',
      'config.cmd',
      '--config.entrypoint',
      '/usr/sbin/nginx',
      '--config.cmd',
      '-g',
      '--config.cmd',
      'daemon off;',
      '--config.exposedports',
      '80/tcp',
      '--config.stopsignal',
      'SIGQUIT',
    ],
  },
  {
    name: 'redis',
    packages: ['redis-server', 'redis-tools'],
    remove: ['var/log/redis'],
    config: [
      '--clear',
      'config.cmd',
      '--config.entrypoint',
      '/usr/bin/redis-server',
      '--config.user',
      'redis',
      '--config.workingdir',
      '/var/lib/redis',
      '--config.exposedports',
      '6379/tcp',
      '--config.volume',
      '/var/lib/redis',
    ],
  },
  {
    name: 'registry',
    packages: ['docker-registry'],
    remove: ['var/lib/docker-registry', 'var/log/docker-registry'],
    config: [
      '--clear',
      'config.cmd',
      '--config.entrypoint',
      '/usr/bin/docker-registry',
      '--config.user',
      'docker-registry',
      '--config.exposedports',
      '5000/tcp',
    ],
  },
  {
    name: 'postgres',
    packages: ['postgresql-15'],
    // Just-in-time compilation is optional for the server and would add 120 MB.
    remove: [
      'var/lib/postgresql/15',
      'etc/postgresql/15',
      'var/log/postgresql',
      'usr/lib/postgresql/15/lib/bitcode',
      'usr/lib/postgresql/15/lib/llvmjit.so',
      'usr/lib/x86_64-linux-gnu/libLLVM-14.so.1',
      'usr/lib/llvm-14',
      'usr/lib/x86_64-linux-gnu/libz3.so.4',
    ],
    config: [
      '--clear',
      'config.cmd',
      '--config.env',
      `${PATH}:/usr/lib/postgresql/15/bin`,
      '--config.user',
      'postgres',
      '--config.workingdir',
      '/var/lib/postgresql',
      '--config.entrypoint',
      '/usr/lib/postgresql/15/bin/postgres',
      '--config.exposedports',
      '5432/tcp',
      '--config.stopsignal',
      'SIGINT',
    ],
  },
];
