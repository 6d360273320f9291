import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { PodError } from '../../error.ts';

/** A key that signatures of images are verified with. */
export interface PublicKey {
  /** `sha256:…` of the key's SubjectPublicKeyInfo. */
  readonly id: string;
  /** https://www.rfc-editor.org/rfc/rfc7468#section-13 */
  readonly pem: string;
}

const LEAST_RSA_BITS = 2048;
const HINT = 'give the public key that cosign or openssl wrote: "BEGIN PUBLIC KEY", of ECDSA P-256, Ed25519 or RSA';

/** `path`: for errors. */
export function parsePublicKey(text: string, path: string): PublicKey {
  if (text.includes('PRIVATE KEY')) {
    throw new PodError('trust/key', `read key "${path}": it is a private key, which stays with who signs`, {
      hint: HINT,
    });
  }
  const key = tryParse(text, path);
  if (kindOf(key) === undefined)
    throw new PodError('trust/key', `read key "${path}": ${describe(key)} is not supported`, { hint: HINT });
  const der = key.export({ type: 'spki', format: 'der' });
  return {
    id: `sha256:${createHash('sha256').update(der).digest('hex')}`,
    pem: String(key.export({ type: 'spki', format: 'pem' })),
  };
}

function tryParse(text: string, path: string): KeyObject {
  try {
    return createPublicKey(text);
  } catch (error) {
    throw new PodError('trust/key', `read key "${path}": it is not a public key`, { hint: HINT, cause: error });
  }
}

/** As in `ECDSA P-256`; undefined for what signatures of images are not made with. */
export function kindOf(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ECDSA P-256';
  if (type === 'ed25519') return 'Ed25519';
  const bits = details?.modulusLength ?? 0;
  return type === 'rsa' && bits >= LEAST_RSA_BITS ? `RSA ${bits}` : undefined;
}

function describe({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { namedCurve, modulusLength } = asymmetricKeyDetails ?? {};
  return [asymmetricKeyType, namedCurve, modulusLength].filter((part) => part !== undefined).join(' ');
}
