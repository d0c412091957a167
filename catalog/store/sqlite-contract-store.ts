// The registry's store in the catalog's SQLite file, through the thread that owns its connection.

import { LakeError } from '../../runtime/errors.ts';
import { readEvent, readVersion } from './contract-records.ts';
import type { ChangeOutcome, ContractStore, StoredContract } from './contract-store.ts';
import type { ContractChangeMessage, Parameters } from './sqlite-contract-operations.ts';

type Call = (operation: string, parameters: Parameters) => Promise<unknown>;

/** `path` is only named in messages. */
export function sqliteContractStore(call: Call, path: string): ContractStore {
  const contractOf = (id: string, [revision, ...records]: readonly unknown[]): StoredContract => ({
    id,
    revision: Number(revision),
    versions: records.map((record) => readVersion(String(record), path)),
  });
  return {
    async getContract(id) {
      const row = listOf(await call('getContract', [id]));
      return row.length === 0 ? null : contractOf(id, row);
    },
    async listContracts(page) {
      const rows = listOf(await call('listContracts', [page.after ?? '', page.limit])).map(listOf);
      return rows.map(([id, ...rest]) => contractOf(String(id), rest));
    },
    async getDocument(id, version) {
      return firstText(await call('getContractDocument', [id, version]));
    },
    async listEvents(id, page) {
      const rows = listOf(await call('listContractEvents', [id, page.after, page.limit])).map(listOf);
      return rows.map(([record]) => readEvent(String(record), path));
    },
    async contractOfTable(table) {
      return firstText(await call('contractOfTable', [table]));
    },
    async changeContract(change) {
      const message: ContractChangeMessage = {
        ...change,
        versions: change.versions.map((version) => ({ version: version.version, record: JSON.stringify(version) })),
        events: change.events.map((event) => JSON.stringify(event)),
      };
      return outcomeOf(listOf(await call('changeContract', [JSON.stringify(message)])));
    },
  };
}

function outcomeOf([kind, table, contract]: readonly unknown[]): ChangeOutcome {
  if (kind === 'changed' || kind === 'lost') return { kind };
  if (kind === 'table-taken') return { kind, table: String(table), contract: String(contract) };
  throw new LakeError('INTERNAL', `the catalog store answered ${String(kind)}`);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function firstText(value: unknown): string | null {
  const [text] = listOf(value);
  return typeof text === 'string' ? text : null;
}
