// The store of declared entities over the operations of entity-operations.ts.

import { isListOf, isRecord, isString } from '../../lake/iceberg/read-metadata.ts';
import { LakeError } from '../../runtime/errors.ts';
import { firstText, listOf, rowsOf } from './answers.ts';
import { recordText } from './change-record-operations.ts';
import type { DeclaredColumn, EntityOutcome, EntityStore, StoredEntity } from './entity-store.ts';
import type { SqlCall } from './sql.ts';
import { readStoredJson } from './stored-json.ts';

export function sqlEntityStore(call: SqlCall): EntityStore {
  return {
    async getEntity(name) {
      const text = firstText(await call('getEntity', name));
      return text === null ? null : readEntity(text);
    },
    async listEntities(page) {
      return rowsOf(await call('listEntities', page.after ?? '', page.limit)).map(([text]) => readEntity(String(text)));
    },
    async changeEntity(change, record) {
      return outcomeOf(listOf(await call('changeEntity', JSON.stringify(change), recordText(record))));
    },
  };
}

function outcomeOf([kind, table, entity]: readonly unknown[]): EntityOutcome {
  if (kind === 'changed' || kind === 'lost') return { kind };
  if (kind === 'table-taken') return { kind, table: String(table), entity: String(entity) };
  throw new LakeError('INTERNAL', `the catalog store answered ${String(kind)}`);
}

function readEntity(text: string): StoredEntity {
  const value: unknown = readStoredJson(text);
  if (isEntity(value)) return value;
  throw new LakeError('CATALOG_REFUSED', 'an entity in the catalog store is malformed: another program wrote it, or a newer one');
}

function isEntity(value: unknown): value is StoredEntity {
  return (
    isRecord(value) &&
    isString(value['name']) &&
    typeof value['revision'] === 'number' &&
    ['description', 'owner', 'team'].every((name) => isTextOrNull(value[name])) &&
    isListOf(isString)(value['tags']) &&
    isListOf(isString)(value['tables']) &&
    isRecord(value['columns']) &&
    Object.values(value['columns']).every(isColumn) &&
    typeof value['updatedAt'] === 'number' &&
    isString(value['updatedBy'])
  );
}

function isColumn(value: unknown): value is DeclaredColumn {
  return (
    isRecord(value) &&
    ['description', 'classification', 'pii'].every((name) => isTextOrNull(value[name])) &&
    isListOf(isString)(value['tags'])
  );
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isString(value);
}
