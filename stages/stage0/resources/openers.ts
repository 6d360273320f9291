import { openAppRoot } from '../copy/app-root.ts';
import { openPodNamespace, openPodNetwork } from '../launch/pod-network.ts';
import type { Openers } from './sources.ts';

/** Only for root. Apart from what uses them: they need the launcher's parts. */
export const OPENERS: Openers = { network: openPodNetwork, namespace: openPodNamespace, root: openAppRoot };
