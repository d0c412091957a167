// What the database does for tables and views. Each writes its record in the same step, and only if it changed something.

import { isRecord } from '../../runtime/options.ts';
import { recordInserts, recordOfFound, writeRecord } from './change-record-operations.ts';
import { hasNamespace } from './namespace-operations.ts';
import { forgetPaths, hasTableUnder, isClaim, overlaps, readClaim, tableFolderAmong, thatDrop, writePaths } from './place-operations.ts';
import type { Claim, NameRefusal } from './relation-store.ts';
import type { SqlOperations, SqlReader, SqlTransaction, SqlValue } from './sql.ts';

export const relationMigration = `
  CREATE TABLE relations (
    namespace TEXT NOT NULL REFERENCES namespaces (key),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    uuid TEXT NOT NULL,
    metadata_location TEXT NOT NULL,
    PRIMARY KEY (namespace, name)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO relations (namespace, name, kind, uuid, metadata_location)
    SELECT namespace, name, 'table', table_uuid, metadata_location FROM tables;
  CREATE INDEX relations_by_location ON relations (metadata_location);
  DROP TABLE tables;
  CREATE TABLE dropped_relations (
    uuid TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    metadata_location TEXT NOT NULL,
    dropped_at INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    purge INTEGER NOT NULL,
    purging INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX dropped_relations_by_location ON dropped_relations (metadata_location);
`;

const relationColumns = 'namespace, name, kind, uuid, metadata_location';
const droppedColumns = `${relationColumns}, dropped_at, keep_until, purge`;
const thatRelation = 'namespace = ? AND name = ? AND kind = ?';

export const relationOperations: SqlOperations = {
  reads: {
    getRelation: ({ row }, namespace, name, kind) =>
      row(`SELECT ${relationColumns} FROM relations WHERE ${thatRelation}`, namespace, name, kind),
    listRelations: ({ rows }, namespace, kind, after, limit) =>
      rows(
        `SELECT ${relationColumns} FROM relations WHERE namespace = ? AND kind = ? AND name > ? ORDER BY name LIMIT ?`,
        namespace,
        kind,
        after,
        limit,
      ),
    allRelations: ({ rows }, namespace, name, limit) =>
      rows(
        `SELECT ${relationColumns} FROM relations WHERE (namespace, name) > (?, ?) ORDER BY namespace, name LIMIT ?`,
        namespace,
        name,
        limit,
      ),
    hasTableUnder,
    tableFolderAmong,
    listDropped: ({ rows }, purgingMax, after, limit) =>
      rows(
        `SELECT ${droppedColumns} FROM dropped_relations WHERE purging <= ? AND uuid > ? ORDER BY uuid LIMIT ?`,
        purgingMax,
        after,
        limit,
      ),
  },
  steps: {
    swapRelation: (sql, namespace, name, kind, expected, next, record) => swap(sql, { namespace, name, kind, expected, next, record }),
    takeDropped: ({ rows }, now, limit) =>
      rows(
        `UPDATE dropped_relations SET purging = 1 WHERE uuid IN (
          SELECT uuid FROM dropped_relations WHERE keep_until <= ? ORDER BY keep_until, uuid LIMIT ?
        ) RETURNING ${droppedColumns}`,
        now,
        limit,
      ),
  },
  transactions: {
    async insertRelation(sql, namespace, name, kind, uuid, location, record, given) {
      const claim = readClaim(given ?? null);
      const refusal = await nameRefusal(sql, namespace, name, kind);
      if (refusal !== null) return refusal;
      if (claim !== null && (await overlaps(sql, claim))) return 'overlaps';
      await insert(sql, namespace, name, kind, uuid, location);
      if (claim !== null) await writePaths(sql, claim);
      await writeRecord(sql, record);
      return 'inserted';
    },
    async moveRelation(sql, namespace, name, kind, expected, next, record, given) {
      const claim = readClaim(given ?? null);
      const refusal = whyNot(await locationOf(sql, namespace, name, kind), String(expected));
      if (refusal !== null) return refusal;
      if (claim !== null && (await overlaps(sql, claim))) return 'overlaps';
      await sql.change(`UPDATE relations SET metadata_location = ? WHERE ${thatRelation}`, next, namespace, name, kind);
      if (claim !== null) await writePaths(sql, claim);
      await writeRecord(sql, record);
      return 'swapped';
    },
    changeTables: (sql, changes, record) => changeTables(sql, changesOf(String(changes)), record),
    async renameRelation(sql, kind, namespace, name, toNamespace, toName, record) {
      if ((await locationOf(sql, namespace, name, kind)) === null) return 'missing';
      const refusal = await nameRefusal(sql, toNamespace, toName, kind);
      if (refusal !== null) return refusal;
      await sql.change(`UPDATE relations SET namespace = ?, name = ? WHERE ${thatRelation}`, toNamespace, toName, namespace, name, kind);
      await writeRecord(sql, record);
      return 'renamed';
    },
    dropRelation: (sql, namespace, name, kind, expected, drop, record) =>
      dropRelation(sql, { namespace, name, kind, expected, drop: String(drop), record }),
    async undropRelation(sql, uuid, namespace, name, record) {
      const found = await sql.row('SELECT kind, metadata_location, purging FROM dropped_relations WHERE uuid = ?', uuid);
      if (found === null) return 'missing';
      const [kind = null, location = null, purging = 0] = found;
      if (purging !== 0) return 'purging';
      const refusal = await nameRefusal(sql, namespace, name, kind);
      if (refusal !== null) return refusal;
      await sql.change('DELETE FROM dropped_relations WHERE uuid = ?', uuid);
      await insert(sql, namespace, name, kind, uuid, location);
      await writeRecord(sql, record);
      return 'restored';
    },
    async forgetDropped(sql, uuid, location, droppedAt, record) {
      const forgotten = await sql.change(`DELETE FROM dropped_relations WHERE ${thatDrop}`, uuid, location, droppedAt);
      if (forgotten !== 1) return;
      await forgetPaths(sql, uuid);
      await writeRecord(sql, record);
    },
  },
};

interface Swap {
  readonly namespace: SqlValue;
  readonly name: SqlValue;
  readonly kind: SqlValue;
  readonly expected: SqlValue;
  readonly next: SqlValue;
  readonly record: SqlValue;
}

/** The swap and its record are one statement, so that no transaction is needed around it; the second one only tells why not. */
async function swap(sql: SqlTransaction, { namespace, name, kind, expected, next, record }: Swap): Promise<string> {
  const update = `UPDATE relations SET metadata_location = ? WHERE ${thatRelation} AND metadata_location = ?`;
  for (;;) {
    if ((await sql.changeWith(recordInserts(record), update, next, namespace, name, kind, expected)) === 1) return 'swapped';
    const found = await locationOf(sql, namespace, name, kind);
    if (found === null) return 'missing';
    // It points there only since the statement before: that was no loss yet.
    if (found !== expected) return 'lost';
  }
}

async function changeTables(sql: SqlTransaction, changes: readonly Change[], record: SqlValue): Promise<readonly unknown[]> {
  const replaced: SqlValue[] = [];
  for (const [at, { namespace, name, expected, uuid, claim }] of changes.entries()) {
    const found = await sql.row(`SELECT metadata_location, uuid FROM relations WHERE ${thatRelation}`, namespace, name, 'table');
    const [location = null, was = null] = found ?? [];
    const refusal = expected === null ? await nameRefusal(sql, namespace, name, 'table') : whyNot(location, expected);
    if (refusal !== null) return [refusal, at];
    if (claim !== null && (await overlaps(sql, claim))) return ['overlaps', at];
    if (was !== null && was !== uuid) replaced.push(was);
  }
  for (const { namespace, name, expected, uuid, location, claim } of changes) {
    if (expected === null) await insert(sql, namespace, name, 'table', uuid, location);
    else {
      const update = `UPDATE relations SET uuid = ?, metadata_location = ? WHERE ${thatRelation}`;
      await sql.change(update, uuid, location, namespace, name, 'table');
    }
    if (claim !== null) await writePaths(sql, claim);
  }
  for (const uuid of replaced) await forgetPaths(sql, uuid);
  await writeRecord(sql, record);
  return ['changed'];
}

function whyNot(found: SqlValue, expected: string): 'missing' | 'lost' | null {
  if (found === null) return 'missing';
  return found === expected ? null : 'lost';
}

interface DropParameters extends Omit<Swap, 'next'> {
  readonly drop: string;
}

async function dropRelation(sql: SqlTransaction, { namespace, name, kind, expected, drop, record }: DropParameters): Promise<unknown> {
  const found = await sql.row(`SELECT ${relationColumns} FROM relations WHERE ${thatRelation}`, namespace, name, kind);
  if (found === null) return null;
  const [, , , uuid = null, location = null] = found;
  if (expected !== null && location !== expected) return null;
  await sql.change(`DELETE FROM relations WHERE ${thatRelation}`, namespace, name, kind);
  const { at, keepUntil, purge } = objectOf(drop);
  if (typeof keepUntil === 'number') {
    // A table registered under two names can be dropped twice: the later drop is the one kept.
    await sql.change(
      `INSERT INTO dropped_relations (${droppedColumns}, purging) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (uuid) DO UPDATE SET namespace = excluded.namespace, name = excluded.name, kind = excluded.kind,
      metadata_location = excluded.metadata_location, dropped_at = excluded.dropped_at, keep_until = excluded.keep_until,
      purge = excluded.purge, purging = excluded.purging`,
      namespace,
      name,
      kind,
      uuid,
      location,
      Number(at),
      keepUntil,
      purge === true ? 1 : 0,
      // Without a grace its purge has begun.
      keepUntil <= Number(at) ? 1 : 0,
    );
  } else await forgetPaths(sql, uuid);
  await writeRecord(sql, expected === null ? recordOfFound(record, { uuid, metadataLocation: location }) : record);
  return found;
}

async function insert({ change }: SqlTransaction, ...values: readonly SqlValue[]): Promise<void> {
  await change(`INSERT INTO relations (${relationColumns}) VALUES (?, ?, ?, ?, ?)`, ...values);
}

async function locationOf({ row }: SqlReader, namespace: SqlValue, name: SqlValue, kind: SqlValue): Promise<SqlValue> {
  return (await row(`SELECT metadata_location FROM relations WHERE ${thatRelation}`, namespace, name, kind))?.[0] ?? null;
}

async function nameRefusal(sql: SqlReader, namespace: SqlValue, name: SqlValue, kind: SqlValue): Promise<NameRefusal | null> {
  const taken = await sql.row('SELECT kind FROM relations WHERE namespace = ? AND name = ?', namespace, name);
  if (taken !== null) return taken[0] === kind ? 'exists' : 'other-exists';
  return (await hasNamespace(sql, String(namespace))) ? null : 'namespace-missing';
}

/** A change of changeTables as it crosses the thread's border. */
interface Change {
  readonly namespace: string;
  readonly name: string;
  readonly expected: string | null;
  readonly uuid: string;
  readonly location: string;
  readonly claim: Claim | null;
}

function changesOf(text: string): readonly Change[] {
  const changes: unknown = JSON.parse(text);
  if (!Array.isArray(changes) || !changes.every(isChange)) throw new Error('changeTables needs a list of changes');
  return changes;
}

function isChange(value: unknown): value is Change {
  return (
    isRecord(value) &&
    ['namespace', 'name', 'uuid', 'location'].every((name) => typeof value[name] === 'string') &&
    (value['expected'] === null || typeof value['expected'] === 'string') &&
    (value['claim'] === null || isClaim(value['claim']))
  );
}

function objectOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  return isRecord(value) ? value : {};
}
