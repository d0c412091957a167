// The catalog's store over any database that runs the operations of this folder.

import type { TableIdent } from '../catalog.ts';
import { listOf, oneOf, rowsOf } from './answers.ts';
import { namespaceKey, namespaceOfKey, type CatalogStore, type StoredNamespace } from './catalog-store.ts';
import { recordText } from './change-record-operations.ts';
import { textsOf } from './namespace-operations.ts';
import type { DroppedRelation, DropIdentity, RelationStore, StoredRelation } from './relation-store.ts';
import { sqlAuditStore } from './sql-audit-store.ts';
import { sqlContractStore } from './sql-contract-store.ts';
import { sqlEntityStore } from './sql-entity-store.ts';
import { sqlLineageStore } from './sql-lineage-store.ts';
import { sqlQualityStore } from './sql-quality-store.ts';
import { sqlReplyStore } from './sql-reply-store.ts';
import { sqlTokenStore } from './sql-token-store.ts';
import type { SqlCall } from './sql.ts';
import { readStoredJson } from './stored-json.ts';

export interface SqlCatalogStoreOptions {
  readonly call: SqlCall;
  close(): Promise<void>;
  /** What messages call it; no secrets. */
  readonly place: string;
}

const nameRefusals = ['exists', 'other-exists', 'namespace-missing'] as const;

export function sqlCatalogStore({ call, close, place }: SqlCatalogStoreOptions): CatalogStore {
  return {
    audit: sqlAuditStore(call),
    contracts: sqlContractStore(call, place),
    entities: sqlEntityStore(call),
    lineage: sqlLineageStore(call),
    quality: sqlQualityStore(call),
    replies: sqlReplyStore(call),
    tokens: sqlTokenStore(call),
    ...namespaces(call),
    ...relations(call),
    ...droppedRelations(call),
    [Symbol.asyncDispose]: close,
  };
}

type Namespaces = Pick<CatalogStore, 'getNamespace' | 'insertNamespace' | 'updateNamespace' | 'deleteNamespace' | 'listNamespaces'>;

function namespaces(call: SqlCall): Namespaces {
  return {
    async getNamespace(namespace) {
      const row = listOf(await call('getNamespace', namespaceKey(namespace)));
      return row.length === 0 ? null : { namespace, properties: propertiesOf(row[0]) };
    },
    async insertNamespace({ namespace, properties }, record) {
      const given = [namespaceKey(namespace.slice(0, -1)), namespace.at(-1) ?? '', JSON.stringify(properties), recordText(record)] as const;
      return oneOf(await call('insertNamespace', namespaceKey(namespace), ...given), ['inserted', 'exists', 'parent-missing'] as const);
    },
    async updateNamespace(namespace, changes, record, expected) {
      const given = [JSON.stringify(changes), expectedText(expected), recordText(record)] as const;
      const outcome = await call('updateNamespace', namespaceKey(namespace), ...given);
      if (outcome === 'missing' || outcome === 'lost') return { kind: outcome };
      const names = listOf(outcome).map(String);
      return { kind: 'updated', removed: names, missing: changes.remove.filter((name) => !names.includes(name)) };
    },
    async deleteNamespace(namespace, record, expected) {
      const outcome = await call('deleteNamespace', namespaceKey(namespace), expectedText(expected), recordText(record));
      return oneOf(outcome, ['deleted', 'missing', 'lost', 'not-empty'] as const);
    },
    async listNamespaces(parent, page) {
      const rows = rowsOf(await call('listNamespaces', namespaceKey(parent), page.after ?? '', page.limit));
      return rows.map(([key, properties]) => ({ namespace: namespaceOfKey(String(key)), properties: propertiesOf(properties) }));
    },
  };
}

type Dropped = Pick<RelationStore, 'listDropped' | 'undropRelation' | 'takeDropped' | 'forgetDropped'>;
type Relations = Omit<RelationStore, keyof Dropped>;

function relations(call: SqlCall): Relations {
  return {
    async getRelation(kind, ident) {
      const row = listOf(await call('getRelation', ...placeOf(ident), kind));
      return row.length === 0 ? null : relationOf(row);
    },
    async insertRelation({ ident, kind, uuid, metadataLocation }, record, claim) {
      const given = [recordText(record), claim ? JSON.stringify(claim) : null] as const;
      const outcome = await call('insertRelation', ...placeOf(ident), kind, uuid, metadataLocation, ...given);
      return oneOf(outcome, ['inserted', 'overlaps', ...nameRefusals] as const);
    },
    async moveRelation(kind, ident, expected, next, claim, record) {
      const given = [recordText(record), JSON.stringify(claim)] as const;
      const outcome = await call('moveRelation', ...placeOf(ident), kind, expected, next, ...given);
      return oneOf(outcome, ['swapped', 'lost', 'missing', 'overlaps'] as const);
    },
    async swapRelation(kind, ident, expected, next, record) {
      const outcome = await call('swapRelation', ...placeOf(ident), kind, expected, next, recordText(record));
      return oneOf(outcome, ['swapped', 'lost', 'missing'] as const);
    },
    async changeTables(changes, record) {
      const given = changes.map(({ ident, expected, next, claim = null }) => {
        const [namespace, name] = placeOf(ident);
        return { namespace, name, expected, uuid: next.uuid, location: next.metadataLocation, claim };
      });
      const [outcome, at] = listOf(await call('changeTables', JSON.stringify(given), recordText(record)));
      const ident = changes[Number(at)]?.ident;
      if (outcome === 'changed' || ident === undefined) return { kind: oneOf(outcome, ['changed'] as const) };
      return { kind: oneOf(outcome, ['lost', 'missing', 'overlaps', ...nameRefusals] as const), ident };
    },
    async renameRelation(kind, from, to, record) {
      const outcome = await call('renameRelation', kind, ...placeOf(from), ...placeOf(to), recordText(record));
      return oneOf(outcome, ['renamed', 'missing', ...nameRefusals] as const);
    },
    async dropRelation(kind, ident, drop, record, expected) {
      const given = [expected ?? null, JSON.stringify(drop), recordText(record)] as const;
      const row = listOf(await call('dropRelation', ...placeOf(ident), kind, ...given));
      return row.length === 0 ? null : relationOf(row);
    },
    async listRelations(kind, namespace, page) {
      return rowsOf(await call('listRelations', namespaceKey(namespace), kind, page.after ?? '', page.limit)).map(relationOf);
    },
    async allRelations({ after, limit }) {
      return rowsOf(await call('allRelations', ...(after === null ? ['', ''] : placeOf(after)), limit)).map(relationOf);
    },
    async hasTableUnder(prefix, own) {
      return listOf(await call('hasTableUnder', prefix, ...dropOf({ ...noDrop, ...own }))).length > 0;
    },
    async tableFolderAmong(folders) {
      const [found] = listOf(await call('tableFolderAmong', JSON.stringify(folders)));
      return found === undefined ? null : String(found);
    },
  };
}

function droppedRelations(call: SqlCall): Dropped {
  return {
    async listDropped(which, page) {
      return rowsOf(await call('listDropped', which === 'all' ? 1 : 0, page.after ?? '', page.limit)).map(droppedOf);
    },
    async undropRelation(uuid, to, record) {
      const outcome = await call('undropRelation', uuid, ...placeOf(to), recordText(record));
      return oneOf(outcome, ['restored', 'missing', 'purging', ...nameRefusals] as const);
    },
    async takeDropped(now, limit) {
      const taken = rowsOf(await call('takeDropped', now, limit)).map(droppedOf);
      return taken.toSorted((a, b) => a.keepUntil - b.keepUntil || (a.uuid < b.uuid ? -1 : 1));
    },
    async forgetDropped(drop, record) {
      await call('forgetDropped', ...dropOf(drop), recordText(record));
    },
  };
}

function placeOf(ident: TableIdent): readonly [namespace: string, name: string] {
  return [namespaceKey(ident.namespace), ident.name];
}

const noDrop: DropIdentity = { uuid: '', metadataLocation: '', droppedAt: 0 };

function dropOf({ uuid, metadataLocation, droppedAt }: DropIdentity): readonly [uuid: string, location: string, at: number] {
  return [uuid, metadataLocation, droppedAt];
}

function relationOf([namespace, name, kind, uuid, location]: readonly unknown[]): StoredRelation {
  return {
    ident: { namespace: namespaceOfKey(String(namespace)), name: String(name) },
    kind: oneOf(kind, ['table', 'view'] as const),
    uuid: String(uuid),
    metadataLocation: String(location),
  };
}

function droppedOf(row: readonly unknown[]): DroppedRelation {
  const [droppedAt, keepUntil, purge] = row.slice(5);
  return { ...relationOf(row), droppedAt: Number(droppedAt), keepUntil: Number(keepUntil), purge: purge === 1 };
}

function expectedText(properties: StoredNamespace['properties'] | undefined): string | null {
  return properties === undefined ? null : JSON.stringify(properties);
}

function propertiesOf(text: unknown): Record<string, string> {
  return textsOf(readStoredJson(String(text)));
}
