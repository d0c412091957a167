// Results as the store keeps them: the whole result as JSON beside the members it is found by.

import type { StoredResult } from '../../catalog/store/quality-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CheckResult } from '../result.ts';

export function storedResult(result: CheckResult, key: string): StoredResult {
  const { runId, check, snapshotId, outcome, startedAt, measured } = result;
  const value = measured !== null && Number.isFinite(measured.value) ? measured.value : null;
  return { key, runId, checkId: check.id, table: check.table, snapshotId, outcome, at: startedAt, value, record: JSON.stringify(result) };
}

/** INTERNAL for a record that is not one of ours. */
export function resultOfRecord(stored: StoredResult): CheckResult {
  const value: unknown = JSON.parse(stored.record);
  if (!isResult(value)) throw new LakeError('INTERNAL', `the result ${stored.key} in the quality store cannot be read`);
  return value;
}

function isResult(value: unknown): value is CheckResult {
  return (
    typeof value === 'object' && value !== null && 'check' in value && 'outcome' in value && 'measured' in value && 'expected' in value
  );
}
