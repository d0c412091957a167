// How a table of Cassandra is brought back to its source: by events as its agent would write them. The current view merges
// cells by write time, so a cell is sent with the write time that it has in the source: a later write wins over it and an
// earlier one loses, whatever the order of arrival, and sending it twice changes nothing. Cells of one write time are one
// event; a row that is missing altogether begins with an insert.
//
// Only where the lake holds something wrong at that time or later (a damaged value of the same write, a cell or a delete
// that the source does not have) is a cell sent one microsecond after that. A cell that the source does not have becomes a
// tombstone at the lake's own write time (at equal times a tombstone wins), and a row that is gone a delete of the row at
// the newest write time that the lake has of it: what is written later stands.

import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { cassandraEventJson } from '../../sources/cassandra-event.ts';
import { isJsonObject, parseExactJson } from '../../sources/exact-json.ts';
import type { Source, SourceColumn, SourceRow, SourceTable, SourceValue } from '../../sources/source.ts';
import { columnScales, type ColumnScales } from './column-scales.ts';
import type { Difference } from './compare-rows.ts';
import type { LakeRowsInput } from './lake-rows.ts';
import { cellTimes, decidingEvents, newestEvent, newestWriteUs, wideDeletes, type CellTimes, type RawPlace } from './raw-events.ts';
import { eventText, eventTimes, repairRecord, withMembers, type RepairRecord } from './repair-record.ts';

export interface CassandraRepairInput extends RawPlace {
  readonly topic: string;
  readonly repairId: string;
  readonly table: SourceTable;
  readonly source: Source;
  readonly rows: LakeRowsInput | null;
  readonly differences: readonly Difference[];
  readonly nowMs: number;
}

export interface CassandraRepair {
  readonly records: readonly RepairRecord[];
  readonly written: number;
  readonly deleted: number;
  /** Written so lately that the agent may still bring them. */
  readonly behind: readonly Difference[];
  /** Their difference went away by itself. */
  readonly settled: number;
}

/** A write that is newer than all that has arrived is taken as on its way for so long. */
const arrivalGraceUs = 60_000_000n;

export async function cassandraRepair(input: CassandraRepairInput, signal: AbortSignal): Promise<CassandraRepair> {
  const { table, differences } = input;
  const byKey = new Map(differences.map((difference) => [JSON.stringify(difference.key), difference]));
  const { rows, readUs } = await rowsNow(input, signal);
  const events =
    input.rows === null
      ? new Map()
      : await decidingEvents(
          input,
          input.rows,
          [...byKey.values()].map(({ key }) => key),
          signal,
        );
  const keyBytes = (difference: Difference): Uint8Array =>
    events.get(JSON.stringify(difference.key))?.key ?? Buffer.from(keyText(table, difference.key));
  const names = table.columns.map(({ name }) => name);
  const [times, wide, newest, template] = [
    await cellTimes(input, names, differences.map(keyBytes), signal),
    await wideDeletes(input, signal),
    await newestWriteUs(input, signal),
    await templateOf(input, signal),
  ];
  const records: RepairRecord[] = [];
  const behind: Difference[] = [];
  const counts = { written: 0, deleted: 0, settled: 0 };
  for (const [text, difference] of byKey) {
    const row = rows.get(text);
    const key = keyBytes(difference);
    const known = times.get(Buffer.from(key).toString('hex')) ?? { deletedUs: null, newestUs: null, cells: new Map<string, bigint>() };
    const partition = events.get(text)?.partition ?? null;
    const event: Event = { input, template, key, partition, difference };
    if (row === undefined) {
      // Not in the source: only what the lake has too much is taken away.
      if (difference.kind !== 'extra') counts.settled++;
      else {
        records.push(...deleteRecords(event, known.newestUs ?? readUs));
        counts.deleted++;
      }
    } else if (difference.kind === 'extra') counts.settled++;
    else if (isOnItsWay(row, newest, readUs)) behind.push(difference);
    else {
      records.push(...writeRecords(event, row, { known, readUs, goneUs: goneUs(known, wide, key) }));
      counts.written++;
    }
  }
  return { records, behind, ...counts };
}

async function rowsNow({ source, table, differences }: CassandraRepairInput, signal: AbortSignal) {
  const keys = differences.map(({ key }) => key.map((value) => value ?? ''));
  await using reading = await source.read(table, { kind: 'keys', keys }, signal);
  const rows = new Map<string, SourceRow>();
  for await (const page of reading.pages) for (const row of page) rows.set(JSON.stringify(keyOfRow(table, row)), row);
  return { rows, readUs: BigInt(Math.round(reading.position.atMs)) * 1000n };
}

function keyOfRow(table: SourceTable, row: SourceRow): readonly SourceValue[] {
  return table.key.map((name) => row.values[table.columns.findIndex((column) => column.name === name)] ?? null);
}

function isOnItsWay({ writeTimesUs = [] }: SourceRow, newestUs: bigint | null, readUs: bigint): boolean {
  const newest = writeTimesUs.reduce<bigint>((most, us) => (us !== null && us > most ? us : most), 0n);
  return newest > (newestUs ?? 0n) && newest > readUs - arrivalGraceUs;
}

/** What killed the row in the lake: its own delete, or one of its partition (a range of it is taken for the whole). */
function goneUs({ deletedUs }: CellTimes, wide: readonly (readonly [string, bigint])[], key: Uint8Array): bigint {
  const own: unknown = parseExactJson(Buffer.from(key).toString('utf8'));
  let gone = deletedUs ?? -1n;
  for (const [text, us] of wide) {
    if (us <= gone || !isJsonObject(own)) continue;
    const members: unknown = parseExactJson(text);
    if (isJsonObject(members) && Object.entries(members).every(([name, value]) => value === null || value === own[name])) gone = us;
  }
  return gone;
}

interface Template {
  readonly envelope: Readonly<Record<string, unknown>>;
  /** Columns in the order of the agent's events. */
  readonly columns: readonly SourceColumn[];
  readonly scales: ColumnScales;
}

/** How the agent's events of this table look: its newest one, or what is known of all where nothing has landed. */
async function templateOf(input: CassandraRepairInput, signal: AbortSignal): Promise<Template> {
  const { table, topic, catalog, ident } = input;
  const newest = await newestEvent(input, signal);
  const loaded = await catalog.loadTable(ident, signal);
  const scales = columnScales(loaded && currentSchema(loaded.metadata));
  const order = isJsonObject(newest?.envelope['after']) ? Object.keys(newest.envelope['after']) : [];
  const placeOf = ({ name }: SourceColumn) => (order.includes(name) ? order.indexOf(name) : order.length);
  const columns = table.columns.toSorted((left, right) => placeOf(left) - placeOf(right));
  const names = {
    version: 'foz',
    connector: 'cassandra',
    name: topic.split('.')[0],
    keyspace: table.name.namespace,
    table: table.name.table,
  };
  const source = { ...names, ts_ms: 0, snapshot: 'false', db: 'NULL', sequence: null, ts_us: 0, ts_ns: 0, cluster: '', file: '', pos: 0 };
  return { envelope: newest?.envelope ?? { ts_ms: 0, op: 'i', source, after: null }, columns, scales };
}

interface Event {
  readonly input: CassandraRepairInput;
  readonly template: Template;
  readonly key: Uint8Array;
  readonly partition: number | null;
  readonly difference: Difference;
}

interface Times {
  readonly known: CellTimes;
  readonly readUs: bigint;
  readonly goneUs: bigint;
}

/** By write time: cells as JSON by column. */
function writeRecords(event: Event, row: SourceRow, times: Times): readonly RepairRecord[] {
  const { difference, input, template } = event;
  const isMissing = difference.kind === 'missing';
  const changed = new Set(difference.columns.map(({ column }) => column));
  const groups = new Map<bigint, Map<string, string>>();
  input.table.columns.forEach((column, i) => {
    if (column.keyIndex !== null || column.role === 'static' || !(isMissing || changed.has(column.name))) return;
    const value = row.values[i] ?? null;
    if (value === null && isMissing) return;
    const us = cellUs(column.name, value, row.writeTimesUs?.[i] ?? null, times, isMissing);
    const ttl = row.ttlSeconds?.[i] ?? null;
    const expiry = value === null ? us : ttl === null ? null : times.readUs + BigInt(ttl) * 1_000_000n;
    const json = `{"value":${cassandraEventJson(column.type, value, template.scales(column.name))},"deletion_ts":${String(expiry)},"set":true}`;
    groups.set(us, (groups.get(us) ?? new Map<string, string>()).set(column.name, json));
  });
  // A row of its key alone is there by its insert.
  if (groups.size === 0) groups.set(later(times.readUs, times.goneUs), new Map());
  const sorted = [...groups].toSorted(([left], [right]) => (left < right ? -1 : 1));
  return sorted.map(([us, cells], i) => record(event, isMissing && i === 0 ? 'i' : 'u', us, cells));
}

/** The source's own write time, unless the lake holds something wrong that would win over it. */
function cellUs(name: string, value: SourceValue, writtenUs: bigint | null, times: Times, isMissing: boolean): bigint {
  const lakeUs = times.known.cells.get(name) ?? null;
  // A tombstone: nothing is known of its time but that it is not before the value it takes away.
  if (value === null) return lakeUs ?? times.known.newestUs ?? times.readUs;
  const own = writtenUs ?? times.readUs;
  const alive = later(own, times.goneUs);
  return lakeUs === null ? alive : later(alive, isMissing && lakeUs === own ? lakeUs - 1n : lakeUs);
}

function later(us: bigint, than: bigint): bigint {
  return us > than ? us : than + 1n;
}

/** The agent's form of a row's delete: every regular column deleted at that time, and a tombstone. */
function deleteRecords(event: Event, us: bigint): readonly RepairRecord[] {
  const deleted = `{"value":null,"deletion_ts":${us},"set":true}`;
  const regular = event.template.columns.filter(({ keyIndex, role }) => keyIndex === null && role !== 'static');
  const cells = new Map(regular.map(({ name }) => [name, deleted]));
  const { input, partition, key } = event;
  return [record(event, 'd', us, cells), repairRecord(input, partition, key, null)];
}

function record(event: Event, op: 'i' | 'u' | 'd', us: bigint, cells: ReadonlyMap<string, string>): RepairRecord {
  const { input, template, key, partition, difference } = event;
  const { table, repairId } = input;
  const after = template.columns.map((column) => {
    const own = difference.key[table.key.indexOf(column.name)] ?? null;
    const cell =
      column.keyIndex === null
        ? (cells.get(column.name) ?? 'null')
        : `{"value":${cassandraEventJson(column.type, own, template.scales(column.name))},"deletion_ts":null,"set":true}`;
    return `${JSON.stringify(column.name)}:${cell}`;
  });
  const ranges = isJsonObject(template.envelope['after'])
    ? Object.keys(template.envelope['after']).filter((name) => name.startsWith('_range_'))
    : ['_range_start', '_range_end'];
  after.push(...ranges.map((name) => `${JSON.stringify(name)}:null`));
  const source = withMembers(template.envelope['source'], { ...eventTimes(us), snapshot: 'false', file: `${repairId}.repair`, pos: 0 });
  const members = withMembers(template.envelope, { ts_ms: Math.round(input.nowMs), op, source });
  return repairRecord(input, partition, key, eventText(members, { after: `{${after.join(',')}}` }));
}

/** As the agent writes it: the key's columns in their order. */
function keyText(table: SourceTable, key: readonly SourceValue[]): string {
  const members = table.key.map((name, i) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    return `${JSON.stringify(name)}:${column ? cassandraEventJson(column.type, key[i] ?? null) : 'null'}`;
  });
  return `{${members.join(',')}}`;
}
