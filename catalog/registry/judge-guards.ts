// Answers of our own thread, by the member that tells them apart.

import type { ContractReading } from '../../contracts/document/read-contract.ts';
import { isListOf, isRecord, isString } from '../../lake/iceberg/read-metadata.ts';
import type { VersionComparison } from './registry-ports.ts';

export function isReading(value: unknown): value is ContractReading {
  return isRecord(value) && (value['kind'] === 'contract' ? isRecord(value['contract']) : Array.isArray(value['problems']));
}

export function isComparison(value: unknown): value is VersionComparison {
  return (
    isRecord(value) && 'backward' in value && 'forward' in value && Array.isArray(value['differences']) && Array.isArray(value['witnesses'])
  );
}

export function isTexts(value: unknown): value is readonly string[] {
  return isListOf(isString)(value);
}
