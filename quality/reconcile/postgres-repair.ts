// How a table of PostgreSQL is brought back to its source. Missing and differing rows are read by the connector itself:
// a signal has it take an incremental snapshot of exactly those keys, and its reads stand where they come in the log, so
// whatever changes meanwhile comes before or after them rightly. Rows that are gone no connector reads again: for those a
// delete is added to the topic, and a tombstone after it.
//
// That delete must not win over a row that was inserted again since the comparison. It carries the highest log position
// (LSN) that the compared snapshot saw of its key: rows of one key are written one after another, so whatever came later
// has a higher one, and the current view passes over an event whose LSN lies below one that it has had. A later insert
// therefore stands, whether it comes before the delete or after it. A key that was only ever read without an LSN gets 0.

import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { postgresLiteral } from '../../sources/canonical-postgres.ts';
import { isJsonObject, parseExactJson } from '../../sources/exact-json.ts';
import { quoteLiteral } from '../../sources/postgres-client.ts';
import type { PostgresSnapshot, SourceTable, SourceValue } from '../../sources/source.ts';
import type { Difference } from './compare-rows.ts';
import type { LakeRowsInput } from './lake-rows.ts';
import { decidingEvents, highestLsns, type RawEvent, type RawPlace } from './raw-events.ts';
import { eventText, eventTimes, repairRecord, withMembers, type RepairRecord } from './repair-record.ts';

export interface PostgresRepairInput extends RawPlace {
  readonly topic: string;
  readonly repairId: string;
  readonly table: SourceTable;
  /** The current rows as compared. */
  readonly rows: LakeRowsInput | null;
  readonly snapshot: PostgresSnapshot;
  readonly atMs: number;
  readonly differences: readonly Difference[];
  readonly keysPerSignal: number;
  readonly nowMs: number;
}

export interface PostgresRepair {
  /** Conditions on the table's rows, one a signal. */
  readonly conditions: readonly string[];
  /** A delete and its tombstone for each extra key. */
  readonly records: readonly RepairRecord[];
  readonly read: number;
  readonly deleted: number;
}

export async function postgresRepair(input: PostgresRepairInput, signal: AbortSignal): Promise<PostgresRepair> {
  const { table, differences, keysPerSignal, rows } = input;
  const toRead = differences.filter(({ kind }) => kind !== 'extra').map(({ key }) => key);
  const extra = differences.filter(({ kind }) => kind === 'extra').map(({ key }) => key);
  const conditions: string[] = [];
  for (let at = 0; at < toRead.length; at += keysPerSignal) conditions.push(keyCondition(table, toRead.slice(at, at + keysPerSignal)));
  const events = rows === null ? [] : [...(await decidingEvents(input, rows, extra, signal)).values()];
  const lsns = await highestLsns(
    input,
    input.snapshot,
    events.map(({ key }) => key),
    signal,
  );
  const records = events.flatMap((event) => deleteRecords(input, event, lsns.get(Buffer.from(event.key).toString('hex')) ?? 0n));
  return { conditions, records, read: toRead.length, deleted: events.length };
}

/** `"id" IN ('1', '2')`: literals take the columns' types. In parentheses: the connector adds conditions of its own. */
export function keyCondition(table: SourceTable, keys: readonly (readonly SourceValue[])[]): string {
  const columns = table.key.flatMap((name) => table.columns.filter((column) => column.name === name));
  const texts = keys.map((key) => columns.map(({ type }, i) => quoteLiteral(postgresLiteral(type, key[i] ?? ''))));
  const names = columns.map(({ name }) => quoted(name));
  if (columns.length === 1) return `(${names.join('')} IN (${texts.flat().join(', ')}))`;
  return `((${names.join(', ')}) IN (${texts.map((key) => `(${key.join(', ')})`).join(', ')}))`;
}

/** Under REPLICA IDENTITY DEFAULT only the key of a delete is true, so nothing else is said here. */
function deleteRecords(input: PostgresRepairInput, { partition, key, envelope }: RawEvent, lsn: bigint): readonly RepairRecord[] {
  const members: unknown = parseExactJson(Buffer.from(key).toString('utf8'));
  const row = isJsonObject(envelope['after']) ? envelope['after'] : {};
  const before = Object.fromEntries(Object.keys(row).map((name) => [name, isJsonObject(members) ? (members[name] ?? null) : null]));
  const source = withMembers(envelope['source'], {
    ...eventTimes(BigInt(Math.round(input.atMs)) * 1000n),
    snapshot: 'false',
    sequence: null,
    txId: null,
    lsn,
    xmin: null,
  });
  const now = eventTimes(BigInt(Math.round(input.nowMs)) * 1000n);
  const value = eventText(withMembers(envelope, { ...now, before, after: null, source, transaction: null, op: 'd' }));
  return [repairRecord(input, partition, key, value), repairRecord(input, partition, key, null)];
}

/** Asks the connector for an incremental snapshot of the rows that meet the condition: key and value of a Kafka signal. */
export function signalRecord(
  signals: { readonly topic: string; readonly topicPrefix: string; readonly collection: string; readonly repairId: string },
  condition: string,
): RepairRecord {
  const { topic, topicPrefix, collection, repairId } = signals;
  const data = {
    'data-collections': [collection],
    type: 'INCREMENTAL',
    'additional-conditions': [{ 'data-collection': collection, filter: condition }],
  };
  const value = JSON.stringify({ id: repairId, type: 'execute-snapshot', data });
  return repairRecord({ topic, repairId }, null, Buffer.from(topicPrefix), value);
}
