// Up to where a table of the lake holds the results of a store: a table property, changed in the commit that adds the rows, so
// that both are there or neither. That is what makes appending exactly once, whatever dies in between.

import { isRecord } from '../../runtime/options.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';

export interface LakePosition {
  /** Of the newest result that the table holds, or leaves out on purpose. */
  readonly number: number;
  /**
   * Results up to this number may be in the table under another store's numbers: they are compared by key. What a store held
   * when the table first heard of it.
   */
  readonly comparedTo: number;
}

export const positionProperty = 'foz.results-position';

/** Stores remembered, the newest last: a deployment has one, and another after a disaster. */
const storesMax = 8;

export function readPosition({ properties }: Pick<TableMetadata, 'properties'>, storeId: string): LakePosition | null {
  const entry = entriesOf(properties[positionProperty]).find(([id]) => id === storeId);
  return entry?.[1] ?? null;
}

export function positionText({ properties }: Pick<TableMetadata, 'properties'>, storeId: string, position: LakePosition): string {
  const others = entriesOf(properties[positionProperty]).filter(([id]) => id !== storeId);
  return JSON.stringify(Object.fromEntries([...others.slice(1 - storesMax), [storeId, position]]));
}

function entriesOf(text: string | undefined): readonly (readonly [string, LakePosition])[] {
  if (text === undefined) return [];
  const value: unknown = JSON.parse(text);
  return Object.entries(isRecord(value) ? value : {}).flatMap(([id, entry]) =>
    isRecord(entry) && typeof entry['number'] === 'number' && typeof entry['comparedTo'] === 'number'
      ? [[id, { number: entry['number'], comparedTo: entry['comparedTo'] }] as const]
      : [],
  );
}
