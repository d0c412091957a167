// The catalog's store in this process's memory: for tests and for an embedded catalog that need not outlive the process.

import type { TableIdent } from '../catalog.ts';
import { namespaceKey, type CatalogStore, type PageRequest, type StoredNamespace, type StoredTable } from './catalog-store.ts';
import { memoryContractStore } from './memory-contract-store.ts';
import { memoryLineageStore } from './memory-lineage-store.ts';
import { memoryQualityStore } from './memory-quality-store.ts';

export function memoryCatalogStore(): CatalogStore {
  const namespaces = new Map<string, StoredNamespace>();
  const tables = new Map<string, Map<string, StoredTable>>();
  const tablesOf = (namespace: readonly string[]) => tables.get(namespaceKey(namespace));
  const rowOf = (ident: TableIdent) => tablesOf(ident.namespace)?.get(ident.name) ?? null;

  return {
    contracts: memoryContractStore(),
    lineage: memoryLineageStore(),
    quality: memoryQualityStore(),
    async getNamespace(namespace) {
      return namespaces.get(namespaceKey(namespace)) ?? null;
    },
    async insertNamespace(row) {
      const key = namespaceKey(row.namespace);
      if (namespaces.has(key)) return 'exists';
      const parent = row.namespace.slice(0, -1);
      if (parent.length > 0 && !namespaces.has(namespaceKey(parent))) return 'parent-missing';
      namespaces.set(key, row);
      tables.set(key, new Map());
      return 'inserted';
    },
    async deleteNamespace(namespace) {
      const key = namespaceKey(namespace);
      if (!namespaces.has(key)) return 'missing';
      const hasChild = [...namespaces.values()].some((row) => namespaceKey(row.namespace.slice(0, -1)) === key);
      if (hasChild || (tables.get(key)?.size ?? 0) > 0) return 'not-empty';
      namespaces.delete(key);
      tables.delete(key);
      return 'deleted';
    },
    async listNamespaces(parent, page) {
      const key = namespaceKey(parent);
      const children = [...namespaces.values()].filter(
        (row) => row.namespace.length === parent.length + 1 && namespaceKey(row.namespace.slice(0, -1)) === key,
      );
      return pageOf(children, (row) => row.namespace.at(-1) ?? '', page);
    },
    async getTable(ident) {
      return rowOf(ident);
    },
    async insertTable(row) {
      const rows = tablesOf(row.ident.namespace);
      if (!rows) return 'namespace-missing';
      if (rows.has(row.ident.name)) return 'exists';
      rows.set(row.ident.name, row);
      return 'inserted';
    },
    async swapTable(ident, expected, next) {
      const row = rowOf(ident);
      if (!row) return 'missing';
      if (row.metadataLocation !== expected) return 'lost';
      tablesOf(ident.namespace)?.set(ident.name, { ...row, metadataLocation: next });
      return 'swapped';
    },
    async deleteTable(ident) {
      const row = rowOf(ident);
      tablesOf(ident.namespace)?.delete(ident.name);
      return row;
    },
    async listTables(namespace, page) {
      const idents = [...(tablesOf(namespace)?.values() ?? [])].map((row) => row.ident);
      return pageOf(idents, (ident) => ident.name, page);
    },
    async hasTableUnder(prefix) {
      return [...tables.values()].some((rows) => [...rows.values()].some((row) => row.metadataLocation.startsWith(prefix)));
    },
    async [Symbol.asyncDispose]() {
      namespaces.clear();
      tables.clear();
    },
  };
}

function pageOf<T>(rows: readonly T[], nameOf: (row: T) => string, page: PageRequest): readonly T[] {
  return rows
    .filter((row) => page.after === null || nameOf(row) > page.after)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    .slice(0, page.limit);
}
