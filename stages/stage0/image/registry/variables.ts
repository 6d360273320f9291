/** What of the environment says where credentials and certificates of registries are. */
export const REGISTRY_VARIABLES: readonly string[] = [
  'HOME',
  'XDG_CONFIG_HOME',
  'XDG_RUNTIME_DIR',
  'REGISTRY_AUTH_FILE',
  'DOCKER_CONFIG',
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
];
