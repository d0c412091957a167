// Compares two versions of a contract, table by table.

import type { CompatibilityMode, Contract, ContractTable } from '../contract.ts';
import { compareSchemas, type CompareOptions } from './compare-schemas.ts';
import type { Comparison, CompatibilityProfile, Difference, Witness } from './difference.ts';

export interface ContractComparison {
  readonly mode: CompatibilityMode;
  readonly profile: CompatibilityProfile;
  readonly compatible: boolean | 'unknown';
  /** Of all tables, in their order. */
  readonly differences: readonly (Difference & { readonly table: string })[];
  /** The first there is. */
  readonly witness: (Witness & { readonly table: string }) | null;
  readonly reason: string | null;
  readonly tables: readonly TableComparison[];
}

export interface TableComparison extends Comparison {
  readonly table: string;
}

export interface CompareContractsOptions extends Omit<CompareOptions, 'mode' | 'history'> {
  /** Default: what the new version declares. */
  readonly mode?: CompatibilityMode;
  /** Versions before `old`, the latest first. */
  readonly history?: readonly Contract[];
}

export function compareContracts(old: Contract, updated: Contract, options: CompareContractsOptions = {}): ContractComparison {
  const { mode = updated.compatibility, profile = 'sound', history = [] } = options;
  const names = new Set([...old.tables, ...updated.tables].map(({ name }) => name));
  const tables = [...names].map((name): TableComparison => {
    const [before, after] = [tableOf(old, name), tableOf(updated, name)];
    if (before === undefined) return { table: name, ...wholeTable(mode, profile, 'TABLE_ADDED', true, null) };
    if (after === undefined) {
      const reason = `table ${name} is no longer in the contract: its rows and their readers have no rules to go by`;
      return { table: name, ...wholeTable(mode, profile, 'TABLE_REMOVED', mode === 'none', reason) };
    }
    const older = history.map((contract) => tableOf(contract, name)).filter((table) => table !== undefined);
    const comparison = compareSchemas(before.body, after.body, { ...options, mode, history: older.map(({ body }) => body) });
    return { table: name, ...comparison };
  });
  const worst = tables.find(({ compatible }) => compatible === false) ?? tables.find(({ compatible }) => compatible === 'unknown');
  const shown = tables.find(({ witness }) => witness !== null);
  return {
    mode,
    profile,
    compatible: worst?.compatible ?? true,
    differences: tables.flatMap(({ table, differences }) => differences.map((difference) => ({ ...difference, table }))),
    witness: shown === undefined || shown.witness === null ? null : { ...shown.witness, table: shown.table },
    reason: worst?.reason ?? null,
    tables,
  };
}

function tableOf(contract: Contract, name: string): ContractTable | undefined {
  return contract.tables.find((table) => table.name === name);
}

function wholeTable(
  mode: CompatibilityMode,
  profile: CompatibilityProfile,
  kind: string,
  allowed: boolean,
  reason: string | null,
): Comparison {
  const difference: Difference = { kind, path: '#/', direction: mode.startsWith('forward') ? 'forward' : 'backward', allowed, against: 0 };
  return { mode, profile, compatible: allowed, differences: [difference], witness: null, reason: allowed ? null : reason };
}
