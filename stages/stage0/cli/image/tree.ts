import { listImages } from '../../image/catalog.ts';
import { readDocuments } from '../../image/documents.ts';
import { type DescribedLayer, describeLayers } from '../../image/history.ts';
import { readNotes, sizeOfLayer } from '../../image/notes.ts';
import type { Store } from '../../image/store.ts';
import { formatBytes } from '../bytes.ts';
import { isForPeople, render } from '../format.ts';
import { renderTable } from '../table.ts';
import type { Invocation } from '../verb.ts';
import { findStored, onlyRef } from './find.ts';

interface TreeLayer {
  /** As it is transferred; null when the image does not say. */
  readonly digest: string | null;
  /** Uncompressed; null for a layer that the store adds to put directories right. */
  readonly diffId: string | null;
  /** Its name in the store; null when other layers of the image hide it wholly, and the store has done without. */
  readonly layer: string | null;
  readonly sizeBytes: number | null;
  readonly createdBy: string | null;
  readonly createdAt: string | null;
  /** Other images here that have the layer. */
  readonly sharedWith: readonly string[];
}

/** Characters of a command in a table that is not wide. */
const SHORT_COMMAND = 60;
/** What the store makes itself. */
const ADDED = {
  host: '(made here from this system)',
  other: '(added here: directories that the layers leave out)',
} as const;

export async function tree(invocation: Invocation, rest: readonly string[]): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const { store, key, image } = findStored(root, onlyRef(rest), 'show');
  const documents = readDocuments(store, key, image.digest);
  const told = documents ? describeLayers(documents, `"${image.ref}"`) : undefined;
  const layers = treeOf(store, image, told);
  const format = flags.value('output') ?? 'table';
  if (isForPeople(format) && layers.length === 0) {
    if (!isQuiet) terminal.err('its files are used in place: it has no layers\n');
    return 0;
  }
  const shown = await render(format, {
    value: () => ({ ref: image.ref, digest: image.digest, layers }),
    names: () => layers.flatMap(({ layer }) => layer ?? []),
    text: (isWide) =>
      renderTable(
        terminal,
        ['DIGEST', 'DIFF ID', 'SIZE', 'SHARED WITH', 'CREATED BY'],
        layers.map((layer) => row(layer, isWide, image.ref)),
      ),
  });
  terminal.out(shown);
  return 0;
}

type Stored = ReturnType<typeof listImages>[number];

/** From the base up. */
function treeOf(store: Store, image: Stored, told: readonly DescribedLayer[] | undefined): TreeLayer[] {
  const users = usersOf(store, image.ref);
  const inStore = (name: string): Pick<TreeLayer, 'layer' | 'sizeBytes' | 'sharedWith'> => ({
    layer: name,
    sizeBytes: sizeOfLayer(store, name) ?? null,
    sharedWith: users.get(name) ?? [],
  });
  const own = told ?? image.layers.filter((name) => readNotes(store, name) !== undefined).map(bareLayer);
  const names = own.map(({ diffId }) => diffId.replace('sha256:', ''));
  const described = own.map(({ digest, diffId, createdBy, createdAt }, index): TreeLayer => {
    const name = names[index]!;
    // Of two equal layers the store needs the upper one.
    const isUsed = image.layers.includes(name) && names.lastIndexOf(name) === index;
    const facts = { digest: digest ?? null, diffId, createdBy: createdBy ?? null, createdAt: createdAt ?? null };
    return { ...facts, ...(isUsed ? inStore(name) : { layer: null, sizeBytes: null, sharedWith: [] }) };
  });
  const added = image.layers.filter((name) => !names.includes(name));
  const nothing = { digest: null, diffId: null, createdBy: null, createdAt: null };
  return [...described, ...added.map((name): TreeLayer => ({ ...nothing, ...inStore(name) }))];
}

/** A layer in the store is named by its digest. */
function bareLayer(name: string): DescribedLayer {
  return { digest: undefined, diffId: `sha256:${name}`, createdBy: undefined, createdAt: undefined };
}

function usersOf(store: Store, ref: string): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const other of listImages(store).filter((image) => image.ref !== ref))
    for (const layer of other.layers) users.set(layer, [...(users.get(layer) ?? []), other.ref]);
  return users;
}

function row(
  { digest, diffId, layer, sizeBytes, createdBy, sharedWith }: TreeLayer,
  isWide: boolean,
  ref: string,
): string[] {
  const shown = (id: string | null): string =>
    id === null ? '-' : isWide ? id : id.slice('sha256:'.length).slice(0, 12);
  const shared = isWide ? sharedWith.join(',') : String(sharedWith.length);
  return [
    shown(digest),
    shown(diffId),
    sizeBytes === null ? '-' : formatBytes(sizeBytes),
    sharedWith.length === 0 ? '-' : isWide ? shared : `${shared} ${shared === '1' ? 'image' : 'images'}`,
    diffId === null ? ADDED[ref === 'host' ? 'host' : 'other'] : commandOf({ layer, createdBy }, isWide),
  ];
}

function commandOf({ layer, createdBy }: Pick<TreeLayer, 'layer' | 'createdBy'>, isWide: boolean): string {
  const line = (createdBy ?? '-').replaceAll(/\s+/g, ' ');
  const command = isWide || line.length <= SHORT_COMMAND ? line : `${line.slice(0, SHORT_COMMAND - 1)}…`;
  return layer === null ? `(hidden by layers above it) ${command}` : command;
}
