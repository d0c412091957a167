// What one write of a batch needs of its contract, made before and undone after: macros for masks. Without a contract it
// is nothing.

import { literal } from '../../lake/parquet/duckdb-type.ts';
import type { Duckdb } from '../decode/duckdb.ts';
import { enforcerOf, violationsStructure, type Enforcer } from './enforcer.ts';
import type { FileJudged, RowsEnforcement } from './judged-file.ts';
import { maskSql } from './mask-sql.ts';
import type { Judged, PinnedContract } from './pinned-contract.ts';

/** The enforcer of the version used last: versions change seldom. */
export interface EnforcerCache {
  of(contract: PinnedContract | undefined): Enforcer | null;
}

export function enforcerCache(): EnforcerCache {
  let last: Enforcer | null = null;
  return {
    of: (contract) => {
      if (!contract) return null;
      if (last?.contract.digest !== contract.digest) last = enforcerOf(contract);
      return last;
    },
  };
}

export interface EnforcedWrite {
  readonly enforcement: RowsEnforcement | null;
  drop(): Promise<void>;
}

/** `id`: of the batch. */
export async function enforcedWrite(duckdb: Duckdb, id: number, enforcer: Enforcer | null): Promise<EnforcedWrite> {
  if (!enforcer) return { enforcement: null, drop: async () => undefined };
  const masks = enforcer.masks && maskSql(enforcer.masks, id);
  const drop = async (): Promise<void> => {
    for (const statement of masks?.teardown ?? []) await duckdb.query(statement);
  };
  try {
    for (const statement of masks?.setup ?? []) await duckdb.query(statement);
  } catch (error) {
    await drop();
    throw error;
  }
  const judged = `from_json(foz_judge(${id}, bytes), ${literal(violationsStructure)})`;
  const violations: RowsEnforcement['violations'] = (shape, decoded, isListed) => enforcer.violations(shape, decoded, isListed, judged);
  return { enforcement: { enforcer, masks, judged, violations }, drop };
}

/** Of all files of a batch. */
export function judgedBatch(enforcer: Enforcer, rows: number, files: readonly FileJudged[]): Judged {
  const { id, version } = enforcer.contract;
  const byRule = new Map<string, number>();
  for (const file of files) for (const [rule, count] of file.byRule) byRule.set(rule, (byRule.get(rule) ?? 0) + count);
  const first = new Map<number, Judged['halting'][number]>();
  for (const row of files.flatMap((file) => file.halting)) {
    const known = first.get(row.partition);
    if (!known || row.offset < known.offset) first.set(row.partition, row);
  }
  return {
    contract: { id, version },
    rows,
    violating: files.reduce((sum, file) => sum + file.violating, 0),
    quarantined: files.reduce((sum, file) => sum + file.quarantined, 0),
    byRule,
    masked: enforcer.maskNames,
    standIns: new Map(files.flatMap((file) => [...file.standIns])),
    halting: [...first.values()],
  };
}
