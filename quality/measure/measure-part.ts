// What measures are compiled to: parts of one SELECT over the rows that a check looks at.

import type { EpochMs } from '../../runtime/clock.ts';
import type { Check } from '../check.ts';
import type { PinnedTable } from '../engine.ts';
import type { Finding } from '../measurer.ts';
import type { CheckDialect } from './check-dialect.ts';
import { columnPlace, type ColumnPlace, type FoundColumn } from './column-place.ts';

/** Alias of the rows in every statement made of parts. */
export const rowAlias = 't';

export interface MeasureContext {
  readonly dialect: CheckDialect;
  readonly table: PinnedTable;
  readonly view: Check['view'];
  /** Condition in the engine's own names: of people only after guard/. Null: all rows. */
  readonly filter: string | null;
  readonly now: EpochMs;
  /** The tables that references lead to, pinned before; null where there is none. */
  readonly others: ReadonlyMap<string, PinnedTable | null>;
}

export interface MeasurePart {
  /** Aggregates over the rows; equal ones of several parts are computed once. */
  readonly aggregates: readonly string[];
  readonly joins: readonly JoinedRelation[];
  /** From the values of `aggregates`, in order. */
  readonly finding: (values: readonly unknown[]) => Finding;
  readonly failing: FailingCondition | null;
}

/** `LEFT JOIN relation AS name ON …`, at most one match a row. */
export interface JoinedRelation {
  readonly name: string;
  readonly relation: string;
  readonly on: string;
}

export type FailingCondition =
  | { readonly kind: 'condition'; readonly sql: string; readonly shows: readonly ShownColumn[] }
  /** Rows beyond the first of each value of the columns. */
  | { readonly kind: 'duplicates'; readonly among: string; readonly shows: readonly ShownColumn[] };

export interface ShownColumn {
  readonly name: string;
  readonly place: ColumnPlace;
}

export type CompiledMeasure =
  | { readonly kind: 'part'; readonly part: MeasurePart }
  /** It cannot be measured on this table, and why. */
  | { readonly kind: 'problem'; readonly reason: string };

export function findColumn(name: string, { table, view }: MeasureContext): FoundColumn {
  return columnPlace(table.schema, view, name, rowAlias);
}

/** `aggregate FILTER (WHERE …)` where there is a condition. */
export function over(aggregate: string, ...conditions: readonly (string | null)[]): string {
  const all = conditions.filter((condition) => condition !== null);
  return all.length === 0 ? aggregate : `${aggregate} FILTER (WHERE ${all.map((condition) => `(${condition})`).join(' AND ')})`;
}

export function together(...conditions: readonly (string | null)[]): string {
  const all = conditions.filter((condition) => condition !== null);
  return all.length === 0 ? 'true' : all.map((condition) => `(${condition})`).join(' AND ');
}

/** A count as the engine gave it. */
export function countOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string' ? Number(value) : 0;
}
