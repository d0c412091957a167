// What the log still retains of a key, and until when: Foz never writes to the log, so this is told, not changed.

import { isUtf8 } from 'node:buffer';
import { readJson, type JsonValue } from '../../runtime/json-value.ts';
import { keyMembers, type KeyMembers } from '../../lake/raw/erased.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import { keyHeaders } from '../../sync/contract/enforced-columns.ts';
import type { Log } from '../../sync/log/log.ts';
import { keyAt, valueAt, type RecordHeader } from '../../sync/log/record-block.ts';
import { readLog } from '../verify/read-log.ts';
import { isHeld, type HeldKey } from './held-key.ts';
import { isInBytes, isInText } from './key-sql.ts';

export interface TopicRetention {
  /** `delete`, `compact` or both. */
  readonly cleanupPolicy: string;
  /** Null: for ever. */
  readonly retentionMs: number | null;
}

export interface LogCopies {
  readonly partition: number;
  readonly records: number;
  readonly first: bigint;
  readonly last: bigint;
  /** Of these, records that the table has not taken yet: they land after the erasure. */
  readonly ahead: number;
  /** Not deleted before; null where the policy names no time. */
  readonly retainedUntil: EpochMs | null;
}

/** Reads the whole topic once. Partitions without such a record are left out. */
export async function logCopies(
  log: Log,
  topic: string,
  keys: readonly HeldKey[],
  next: ReadonlyMap<number, bigint>,
  retention: TopicRetention | null,
  signal: AbortSignal,
): Promise<readonly LogCopies[]> {
  const ends = new Map([...(await log.offsets(topic, signal))].map(([partition, { highWatermark }]) => [partition, highWatermark]));
  const found = new Map<number, LogCopies>();
  const texts = keys.map(plainTexts);
  await readLog(
    log,
    topic,
    ends,
    async ({ partition, records }, end) => {
      for (let i = 0; i < records.count; i++) {
        const offset = records.offsets[i] ?? 0n;
        if (offset >= end) return;
        const [key, value, headers] = [keyAt(records, i), valueAt(records, i), records.headers?.[i] ?? []];
        if (!keys.some((held, place) => holdsKey(held, texts[place] ?? [], key, value, headers))) continue;
        const isAhead = offset >= (next.get(partition) ?? 0n);
        found.set(partition, extended(found.get(partition), partition, offset, isAhead, untilOf(records.logTimesMs[i] ?? 0, retention)));
      }
    },
    signal,
  );
  return [...found.values()].toSorted((a, b) => a.partition - b.partition);
}

function extended(known: LogCopies | undefined, partition: number, offset: bigint, isAhead: boolean, until: EpochMs | null): LogCopies {
  return {
    partition,
    records: (known?.records ?? 0) + 1,
    first: known?.first ?? offset,
    last: offset,
    ahead: (known?.ahead ?? 0) + (isAhead ? 1 : 0),
    retainedUntil:
      until === null || (known !== undefined && known.retainedUntil === null) ? null : Math.max(known?.retainedUntil ?? 0, until),
  };
}

/** Retention deletes whole segments, each once its newest record is old enough: later than this, never earlier. */
function untilOf(logTimeMs: EpochMs, retention: TopicRetention | null): EpochMs | null {
  if (retention === null || retention.retentionMs === null || !retention.cleanupPolicy.includes('delete')) return null;
  return logTimeMs + retention.retentionMs;
}

/** Values that JSON spells as they are: a record without them does not hold the key. */
export function plainTexts({ members }: HeldKey): readonly Buffer[] {
  return [...members.values()].filter((text) => /^[ !#-[\]-~]*$/.test(text)).map((text) => Buffer.from(text));
}

/** As holdsSql, of a record: `texts` as plainTexts has them. */
export function holdsKey(
  held: HeldKey,
  texts: readonly Buffer[],
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[],
): boolean {
  const isKey = (bytes: Uint8Array | null): boolean => isHeld(held, keyMembers(bytes));
  if (isKey(key) || headers.some((header) => keyHeaders.includes(header.key) && isKey(header.value))) return true;
  if (value === null || held.members.has('')) return false;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  // Most records end here, unread.
  if (!texts.every((text) => bytes.includes(text))) return false;
  if (!isUtf8(bytes)) return isInBytes(bytes, held);
  const text = bytes.toString('utf8');
  const read = readJson(text);
  return read.kind === 'value' ? isInJson(read.value, held.members) : isInText(text, held.members);
}

function isInJson(value: JsonValue, members: KeyMembers): boolean {
  const rows = [value, memberOf(value, 'after'), memberOf(value, 'before')];
  return rows.some((row) =>
    [...members].every(([name, text]) =>
      [memberOf(row, name), memberOf(memberOf(row, name), 'value')].some((cell) => textOf(cell) === text),
    ),
  );
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return value?.kind === 'object' ? value.entries.find(({ key }) => key === name)?.value : undefined;
}

function textOf(value: JsonValue | undefined): string | null {
  if (value?.kind === 'string') return value.value;
  return value?.kind === 'number' ? value.text : null;
}
