import { parseBytes, parseMillicores, showBytes } from '../../manifest/quantity.ts';
import { show } from '../../manifest/show.ts';
import type { Findings } from '../findings.ts';
import type { Node } from '../node.ts';
import { parseQuantity, scaleUp } from './quantity.ts';

/** As it was written, where pod writes it in the same way. */
export function bytesOf(node: Node, findings: Findings): string | number | undefined {
  const quantity = parseQuantity(node.value);
  if (!quantity) {
    findings.wrong(node, `${show(node.value)} is not a quantity`, 'write it as in "64Mi"');
    return undefined;
  }
  const bytes = scaleUp(quantity);
  try {
    if (parseBytes(node.value as string) === bytes && bytes > 0n) return node.value as string;
  } catch {
    // Written in a way that only Kubernetes knows.
  }
  return showBytes(bytes);
}

export function coresOf(node: Node, findings: Findings): string | number | undefined {
  const { value } = node;
  const quantity = parseQuantity(value);
  if (!quantity) {
    findings.wrong(node, `${show(value)} is not a quantity`, 'write it as in "500m"');
    return undefined;
  }
  const millicores = scaleUp(quantity, 1000n);
  try {
    if (BigInt(parseMillicores(value as string)) === millicores) return value as string | number;
  } catch {
    // Written in a way that only Kubernetes knows.
  }
  return `${millicores}m`;
}
