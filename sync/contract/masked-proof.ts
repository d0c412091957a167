// The proof of a masked row: what it rebuilds is the record with its masks applied. A masked value is what the mask makes
// of it, or dropped; everything else must be equal, as in any row. Rescued texts of such tables are not kept: of them key
// and headers alone are compared.

import type { NestedMask } from '../../contracts/nested-mask.ts';
import { readJson, type JsonEntry, type JsonValue } from '../../runtime/json-value.ts';
import type { RebuiltRecord } from '../../lake/raw/rebuild.ts';
import { sameJsonValue } from '../../lake/raw/same-json.ts';
import type { ColumnMask, ColumnMasks } from './column-masks.ts';
import { maskBound, maskText } from './mask-value.ts';
import { rangeBounds } from './stand-in-masks.ts';

export function isMaskedRebuild(rebuilt: RebuiltRecord['value'], original: Uint8Array | null, masks: ColumnMasks): boolean {
  if (rebuilt.kind === 'masked') return original !== null;
  if (rebuilt.kind !== 'json' || original === null) return false;
  const [mine, theirs] = [readJson(rebuilt.text), readJson(Buffer.from(original).toString('utf8'))];
  if (mine.kind !== 'value' || theirs.kind !== 'value') return false;
  const left = openMasked(mine.value, theirs.value, masks);
  return left !== null && sameJsonValue(left.mine, left.theirs);
}

interface Pair {
  readonly mine: JsonValue;
  readonly theirs: JsonValue;
}

/** Both without what was rightly masked; null where something is neither masked nor dropped. */
function openMasked(mine: JsonValue, theirs: JsonValue, masks: ColumnMasks): Pair | null {
  if (mine.kind !== 'object' || theirs.kind !== 'object') return { mine, theirs };
  const isEvent = theirs.entries.some(({ key }) => key === 'op') && theirs.entries.some(({ key }) => key === 'source');
  if (!isEvent) return openRow(mine, theirs, masks, true);
  return overEntries(mine.entries, theirs.entries, (key, one, other) =>
    key === 'before' || key === 'after' ? openRow(one, other, masks, false) : { mine: one, theirs: other },
  );
}

/** `isStrict`: columns that the contract does not name are dropped. */
function openRow(mine: JsonValue, theirs: JsonValue, masks: ColumnMasks, isStrict: boolean): Pair | null {
  if (mine.kind !== 'object' || theirs.kind !== 'object') return mine.kind === 'null' ? nothing : { mine, theirs };
  return overEntries(mine.entries, theirs.entries, (key, one, other) => {
    const isBound = masks.database === 'cassandra' && masks.keyColumns.length > 0 && rangeBounds.has(key);
    if (isBound) return { mine: one, theirs: maskBound(masks, other) };
    if (isStrict && !masks.known.has(key)) return one.kind === 'null' ? nothing : null;
    const mask = masks.byColumn.get(key);
    const nested: NestedMask<ColumnMask> | undefined = mask ? { kind: 'value', mask } : masks.inside.get(key);
    if (!nested) return { mine: one, theirs: other };
    if (one.kind === 'null') return nothing;
    if (!isCell(other)) return openNested(nested, one, other);
    if (one.kind !== 'object' || other.kind !== 'object') return null;
    return overEntries(one.entries, other.entries, (part, inner, source) =>
      part === 'value' ? openNested(nested, inner, source) : { mine: inner, theirs: source },
    );
  });
}

const nothing: Pair = { mine: { kind: 'null' }, theirs: { kind: 'null' } };

/** Of Cassandra. */
function isCell(value: JsonValue): boolean {
  const parts = new Set(value.kind === 'object' ? value.entries.map(({ key }) => key) : []);
  return parts.has('value') && [...parts].every((part) => part === 'value' || part === 'deletion_ts' || part === 'set');
}

function openNested(nested: NestedMask<ColumnMask>, mine: JsonValue, theirs: JsonValue): Pair | null {
  if (mine.kind === 'null') return nothing;
  if (nested.kind === 'value') return isMaskOf(nested.mask, mine, theirs) ? nothing : null;
  if (nested.kind === 'fields') {
    if (mine.kind !== 'object' || theirs.kind !== 'object') return null;
    return overEntries(mine.entries, theirs.entries, (key, one, other) => {
      const of = nested.byName.get(key);
      return of ? openNested(of, one, other) : { mine: one, theirs: other };
    });
  }
  if (mine.kind !== 'array' || theirs.kind !== 'array' || mine.items.length !== theirs.items.length) return null;
  const pairs = mine.items.map((one, i) => openNested(nested.of, one, theirs.items[i] ?? { kind: 'null' }));
  const open = pairs.filter((pair) => pair !== null);
  if (open.length < pairs.length) return null;
  return {
    mine: { kind: 'array', items: open.map((pair) => pair.mine) },
    theirs: { kind: 'array', items: open.map((pair) => pair.theirs) },
  };
}

function isMaskOf(mask: ColumnMask, mine: JsonValue, theirs: JsonValue): boolean {
  return mine.kind === 'string' && theirs.kind === 'string' && maskText(mask, theirs.value) === mine.value;
}

function overEntries(
  mine: readonly JsonEntry[],
  theirs: readonly JsonEntry[],
  open: (key: string, mine: JsonValue, theirs: JsonValue) => Pair | null,
): Pair | null {
  const others = new Map(theirs.map(({ key, value }) => [key, value]));
  if (mine.length !== theirs.length || others.size !== theirs.length) return null;
  const [left, right]: [JsonEntry[], JsonEntry[]] = [[], []];
  for (const { key, value } of mine) {
    const other = others.get(key);
    const pair = other && open(key, value, other);
    if (!pair) return null;
    left.push({ key, value: pair.mine });
    right.push({ key, value: pair.theirs });
  }
  return { mine: { kind: 'object', entries: left }, theirs: { kind: 'object', entries: right } };
}
