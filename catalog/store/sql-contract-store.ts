// The registry's store over the operations of contract-operations.ts.

import { firstText, listOf, rowsOf } from './answers.ts';
import { recordText } from './change-record-operations.ts';
import type { ContractChangeMessage } from './contract-operations.ts';
import { readEvent, readVersion } from './contract-records.ts';
import type { ChangeOutcome, ContractStore, StoredContract, StoredVersion } from './contract-store.ts';
import type { SqlCall } from './sql.ts';
import { LakeError } from '../../runtime/errors.ts';

/** `place` is only named in messages. */
export function sqlContractStore(call: SqlCall, place: string): ContractStore {
  const contractsOf = (answer: unknown): readonly StoredContract[] => {
    const contracts = new Map<string, { revision: number; versions: StoredVersion[] }>();
    for (const [id, revision, record] of rowsOf(answer)) {
      const contract = contracts.get(String(id)) ?? { revision: Number(revision), versions: [] };
      if (record !== null) contract.versions.push(readVersion(String(record), place));
      contracts.set(String(id), contract);
    }
    return [...contracts].map(([id, contract]) => ({ id, ...contract }));
  };
  return {
    async getContract(id) {
      return contractsOf(await call('getContract', id))[0] ?? null;
    },
    async listContracts(page) {
      return contractsOf(await call('listContracts', page.after ?? '', page.limit));
    },
    async getDocument(id, version) {
      return firstText(await call('getContractDocument', id, version));
    },
    async listEvents(id, page) {
      return rowsOf(await call('listContractEvents', id, page.after, page.limit)).map(([record]) => readEvent(String(record), place));
    },
    async contractOfTable(table) {
      return firstText(await call('contractOfTable', table));
    },
    async changeContract(change, record) {
      const message: ContractChangeMessage = {
        ...change,
        versions: change.versions.map((version) => ({ version: version.version, record: JSON.stringify(version) })),
        events: change.events.map((event) => JSON.stringify(event)),
      };
      return outcomeOf(listOf(await call('changeContract', JSON.stringify(message), recordText(record))));
    },
  };
}

function outcomeOf([kind, table, contract]: readonly unknown[]): ChangeOutcome {
  if (kind === 'changed' || kind === 'lost') return { kind };
  if (kind === 'table-taken') return { kind, table: String(table), contract: String(contract) };
  throw new LakeError('INTERNAL', `the catalog store answered ${String(kind)}`);
}
