// The registry's store in this process's memory.

import type { ContractEvent, ContractStore, StoredVersion } from './contract-store.ts';

interface Row {
  revision: number;
  readonly versions: Map<string, StoredVersion>;
  readonly documents: Map<string, string>;
  readonly events: ContractEvent[];
}

export function memoryContractStore(): ContractStore {
  const contracts = new Map<string, Row>();
  const tables = new Map<string, string>();
  return {
    async getContract(id) {
      const row = contracts.get(id);
      return row ? { id, revision: row.revision, versions: [...row.versions.values()] } : null;
    },
    async listContracts(page) {
      return [...contracts]
        .filter(([id]) => page.after === null || id > page.after)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, page.limit)
        .map(([id, row]) => ({ id, revision: row.revision, versions: [...row.versions.values()] }));
    },
    async getDocument(id, version) {
      return contracts.get(id)?.documents.get(version) ?? null;
    },
    async listEvents(id, page) {
      return contracts.get(id)?.events.slice(page.after, page.after + page.limit) ?? [];
    },
    async contractOfTable(table) {
      return tables.get(table) ?? null;
    },
    async changeContract(change) {
      const row = contracts.get(change.id);
      if ((row?.revision ?? null) !== change.expectedRevision) return { kind: 'lost' };
      for (const table of change.tables) {
        const holder = tables.get(table);
        if (holder !== undefined && holder !== change.id) return { kind: 'table-taken', table, contract: holder };
      }
      const next: Row = row ?? { revision: 0, versions: new Map(), documents: new Map(), events: [] };
      next.revision += 1;
      for (const version of change.versions) next.versions.set(version.version, version);
      for (const { version, text } of change.documents) next.documents.set(version, text);
      next.events.push(...change.events);
      contracts.set(change.id, next);
      for (const [table, holder] of tables) if (holder === change.id) tables.delete(table);
      for (const table of change.tables) tables.set(table, change.id);
      return { kind: 'changed' };
    },
  };
}
