// Where a key is: which data files of which snapshots hold it, and which other keys its rows had. A file's bounds rule it
// out where they can: a record key is in every row, so a file whose keys all lie elsewhere has no row of this key. What
// bounds do not tell of (rescued texts, rows without a key) keeps a file in. Rows that name the key in a header alone are
// rows of a linked key, and found as such.

import type { LoadedTable } from '../../catalog/catalog.ts';
import { checkGcEnabled } from '../../lake/iceberg/gc-enabled.ts';
import { snapshotFiles, type ManifestEntries } from '../../lake/iceberg/snapshot-files.ts';
import type { ManifestFileEntry } from '../../lake/iceberg/manifest.ts';
import { mainSnapshot, sameLong, type Long } from '../../lake/iceberg/metadata.ts';
import { keyMembers, type KeyMembers } from '../../lake/raw/erased.ts';
import { formerNames } from '../../lake/raw/former-names.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { FileScan, FileScanner } from './file-scanner.ts';
import { heldKey, isHeld, keyTexts, spellings, type HeldKey } from './held-key.ts';

export interface FindOptions {
  /** Take in the keys that rows of the key had before or got after. */
  readonly isLinked?: boolean;
  /** Look into every data file, whatever its bounds say. */
  readonly isThorough?: boolean;
  readonly maskKeys?: readonly Uint8Array[];
}

export interface Found {
  readonly table: LoadedTable;
  /** The key, under each name that its columns had, and with `isLinked` those that its rows had too. */
  readonly keys: readonly HeldKey[];
  /** Keys that rows of the key had, not among `keys`. */
  readonly linked: readonly KeyMembers[];
  /** Files of main's head with rows of the keys, by location. */
  readonly inHead: ReadonlyMap<string, ManifestFileEntry>;
  /** Rows of the head by key; a row of two counts for the first. */
  readonly rowsInHead: readonly number[];
  /** The head's manifests tell of such rows in files that it has no more. */
  readonly isHeadTelling: boolean;
  /** Snapshots that name a file with such rows, or tell of one, and tags on them. */
  readonly snapshots: readonly Long[];
  readonly tags: readonly string[];
  readonly filesLookedInto: number;
  readonly filesRuledOut: number;
}

export interface Finding {
  look(table: LoadedTable, keys: readonly HeldKey[], signal?: AbortSignal): Promise<Found>;
}

const linkedKeysMax = 100;

/** Remembers what it has seen: files and manifests never change. */
export function openFinding(scanner: FileScanner, store: ObjectStore, options: FindOptions): Finding {
  const manifests: ManifestEntries = new Map();
  const scans = new Map<string, FileScan>();
  let scannedFor: readonly HeldKey[] = [];
  return {
    async look(table, keys, signal) {
      for (let wanted = keys; ;) {
        if (wanted !== scannedFor) scans.clear();
        scannedFor = wanted;
        const found = await lookOnce(table, wanted, { scanner, store, manifests, scans, options }, signal);
        if (options.isLinked !== true || found.linked.length === 0) return found;
        const [former, maskKeys] = [formerNames(table.metadata), options.maskKeys ?? []];
        wanted = [...wanted, ...found.linked.flatMap((members) => spellings(heldKey(members, maskKeys), maskKeys, former))];
        if (wanted.length > linkedKeysMax)
          throw new LakeError(
            'LIMIT_EXCEEDED',
            `more than ${linkedKeysMax} keys are linked to this one: erase them one by one, without --linked`,
          );
      }
    },
  };
}

/** A record key of the table; null when there is none that tells its columns. */
export async function sampleKey(
  table: LoadedTable,
  scanner: FileScanner,
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<KeyMembers | null> {
  const head = mainSnapshot(table.metadata);
  const { live } = await snapshotFiles(head ? [head] : [], store, new Map(), {}, signal);
  for (const { filePath, fileSizeInBytes } of live.values()) {
    const members = keyMembers(await scanner.sampleKey(table.metadata, { location: filePath, bytes: fileSizeInBytes }, signal));
    if (members && !members.has('_masked')) return members;
  }
  return null;
}

interface Looking {
  readonly scanner: FileScanner;
  readonly store: ObjectStore;
  readonly manifests: ManifestEntries;
  readonly scans: Map<string, FileScan>;
  readonly options: FindOptions;
}

async function lookOnce(table: LoadedTable, keys: readonly HeldKey[], looking: Looking, signal?: AbortSignal): Promise<Found> {
  const { metadata } = table;
  const { scanner, store, scans } = looking;
  checkGcEnabled(metadata, 'the key cannot be taken out of them');
  const all = await snapshotFiles(metadata.snapshots, store, looking.manifests, {}, signal);
  if (all.deleteManifest !== null)
    throw new LakeError(
      'TABLE_UNSUPPORTED',
      `table ${metadata['table-uuid']} has row-level deletes of another engine (${all.deleteManifest}): rewrite its data files there first`,
    );
  const wanted = [...all.live.values()].filter((file) => looking.options.isThorough === true || keys.some((key) => mayHold(file, key)));
  const holding = new Map<string, ManifestFileEntry>();
  const linked: KeyMembers[] = [];
  for (const file of wanted) {
    const location = file.filePath;
    const scan = scans.get(location) ?? (await scanner.scan(metadata, { location, bytes: file.fileSizeInBytes }, keys, signal));
    scans.set(location, scan);
    if (scan.total !== file.recordCount)
      throw new LakeError('OBJECT_CORRUPT', `${location} has ${scan.total} rows, its manifest says ${file.recordCount}`);
    if (scan.rows.some((count) => count > 0)) holding.set(location, file);
    for (const members of scan.links)
      if (![...keys, ...linked.map((one) => heldKey(one, []))].some((key) => isHeld(key, members))) linked.push(members);
  }
  const head = mainSnapshot(metadata);
  const headFiles = all.bySnapshot.get(String(head?.['snapshot-id'])) ?? new Set<string>();
  const inHead = new Map([...holding].filter(([location]) => headFiles.has(location)));
  const rowsInHead = keys.map((_, i) => [...inHead.keys()].reduce((sum, location) => sum + (scans.get(location)?.rows[i] ?? 0), 0));
  // Of a file that no snapshot has any more the bounds are all that is known.
  const tells = (file: ManifestFileEntry): boolean =>
    holding.has(file.filePath) || (!all.live.has(file.filePath) && keys.some((key) => mayHold(file, key)));
  const isTelling = (id: Long): boolean => (all.telling.get(String(id)) ?? []).some(tells);
  const isHolding = (id: Long): boolean => [...(all.bySnapshot.get(String(id)) ?? [])].some((location) => holding.has(location));
  const snapshots = metadata.snapshots.map((snapshot) => snapshot['snapshot-id']).filter((id) => isHolding(id) || isTelling(id));
  const refs = Object.entries(metadata.refs).filter(
    ([name, ref]) => name !== 'main' && snapshots.some((id) => sameLong(id, ref['snapshot-id'])),
  );
  const branch = refs.find(([, ref]) => ref.type === 'branch');
  if (branch)
    throw new LakeError(
      'TABLE_UNSUPPORTED',
      `branch ${branch[0]} of table ${metadata['table-uuid']} holds the key, and Foz writes main alone: drop the branch, or merge it first`,
    );
  return {
    table,
    keys,
    linked,
    inHead,
    rowsInHead,
    isHeadTelling: head !== undefined && isTelling(head['snapshot-id']),
    snapshots,
    tags: refs.map(([name]) => name),
    filesLookedInto: wanted.length,
    filesRuledOut: all.live.size - wanted.length,
  };
}

const logKeyId = 4;
const rescuedTextId = 14;

/** False only where the bounds prove that no row has this record key, no row is without one, and none was rescued. */
function mayHold(file: ManifestFileEntry, key: HeldKey): boolean {
  const [lower, upper] = [file.lowerBounds?.get(logKeyId), file.upperBounds?.get(logKeyId)];
  if (!lower || !upper || file.nullValueCounts?.get(logKeyId) !== 0) return true;
  const rescued = [file.valueCounts?.get(rescuedTextId), file.nullValueCounts?.get(rescuedTextId)];
  if (rescued[0] === undefined || rescued[0] !== rescued[1]) return true;
  // Other letters have more than one spelling in JSON.
  if ([...key.accepted].flat(2).some((text) => !/^[ !#-[\]-~]*$/.test(text))) return true;
  const spelt = [...combinations(key)]
    .flatMap(keyTexts)
    .concat(key.whole)
    .map((text) => Buffer.from(text));
  return spelt.some((bytes) => Buffer.compare(bytes, Buffer.from(lower)) >= 0 && Buffer.compare(bytes, Buffer.from(upper)) <= 0);
}

/** The members in every accepted spelling. */
function combinations({ accepted }: HeldKey): readonly KeyMembers[] {
  let members: KeyMembers[] = [new Map()];
  for (const [name, texts] of accepted) members = members.flatMap((head) => texts.map((text) => new Map([...head, [name, text]])));
  return members;
}
