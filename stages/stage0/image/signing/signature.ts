// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md, with a key: no certificates, no transparency log

import { createPublicKey, verify } from 'node:crypto';
import { PodError } from '../../error.ts';
import { parseRegistryName, type RegistryName } from '../registry/name.ts';
import { printableText } from '../tar/fault.ts';
import type { PublicKey } from './key.ts';

/** One signature, as a registry has it. Nothing of it is believed before a key has verified it. */
export interface Signature {
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** What is to be signed. */
export interface Subject {
  /** As the manifest wants it. */
  readonly name: RegistryName;
  /** Of the image's index, if it has one, and of its manifest for this machine: who signs one of them signs the image. */
  readonly digests: readonly string[];
}

const TYPE = 'cosign container image signature';

/** Why a signature does not count; undefined when it does. `signedBy` is told which keys have verified one that does. */
export function judgeSignatures(
  signatures: readonly Signature[],
  subject: Subject,
  keys: readonly PublicKey[],
): { readonly signedBy: readonly string[]; readonly problems: readonly string[] } {
  const signedBy = new Set<string>();
  const problems = new Set<string>();
  for (const signature of signatures) {
    const signers = keys.filter((key) => isBy(key, signature));
    const problem = signers.length === 0 ? 'a signature is not by a trusted key' : claimProblem(signature, subject);
    if (problem === undefined) for (const { id } of signers) signedBy.add(id);
    else problems.add(problem);
  }
  return { signedBy: [...signedBy], problems: [...problems] };
}

function isBy({ pem }: PublicKey, { payload, signature }: Signature): boolean {
  const key = createPublicKey(pem);
  // Ed25519 has its own hash.
  return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, key, signature);
}

/** What a trusted key has signed, if that is not this image. */
function claimProblem({ payload }: Signature, { name, digests }: Subject): string | undefined {
  const { type, digest, reference } = claimsOf(payload);
  if (type !== TYPE) return `a trusted key has signed something else than an image ("${shown(type)}")`;
  if (!digests.includes(digest)) return `a trusted key has signed another image (${shown(digest)})`;
  if (!isOf(name, reference)) return `a trusted key has signed the image for another name ("${shown(reference)}")`;
  return undefined;
}

interface Claims {
  readonly type: string;
  readonly digest: string;
  readonly reference: string;
}

/** https://github.com/containers/image/blob/main/docs/containers-signature.5.md#json-data-format */
function claimsOf(payload: Buffer): Claims {
  const critical = memberOf(tryParse(payload.toString('utf8')), 'critical');
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    type: text(memberOf(critical, 'type')),
    digest: text(memberOf(memberOf(critical, 'image'), 'docker-manifest-digest')),
    reference: text(memberOf(memberOf(critical, 'identity'), 'docker-reference')),
  };
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/**
 * Whether it is signed as what it is asked for: whoever controls the registry could otherwise put any other image of the same
 * signer in its place. cosign signs repositories; podman also signs tags, which count where a tag is asked for.
 */
function isOf(name: RegistryName, reference: string): boolean {
  try {
    const signed = parseRegistryName(reference, reference);
    const hasTag = /:[^/]*$/.test(reference.replace(/@.*$/, '').slice(reference.indexOf('/')));
    const isSame = signed.host === name.host && signed.repository === name.repository;
    return isSame && (!hasTag || name.digest !== undefined || signed.tag === name.tag);
  } catch (error) {
    if (error instanceof PodError) return false;
    throw error;
  }
}

function shown(text: string): string {
  return printableText(text.slice(0, 120));
}
