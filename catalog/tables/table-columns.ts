// The columns of a table with what is known of each: its type, what it means, and its figures from the manifests. Bounds are
// values: once anything is said of the table, only those of columns are told that are known to be harmless. One that nobody
// spoke of may be a sensitive column under another name or of a former contract, or hold the row whole.

import { isSensitive } from '../../contracts/sensitive.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { isStruct, type StructType } from '../../lake/iceberg/schema.ts';
import { columnsWithoutContent } from '../../lake/raw/raw-schema.ts';
import type { TableStatistics } from '../../lake/iceberg/table-statistics.ts';
import { valueText } from '../../lake/iceberg/value-text.ts';
import type { ColumnFacts } from '../entities/column-facts.ts';
import { rowColumnOf } from '../lineage/consumers.ts';
import { typeText } from '../registry/type-text.ts';

export interface TableColumn {
  readonly fieldId: number;
  /** Dotted path: `after.email`. */
  readonly column: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string | null;
  readonly classification: string | null;
  readonly pii: string | null;
  readonly tags: readonly string[];
  /** Rows in which it is null; null: not known. */
  readonly nulls: number | null;
  /** Stored; null: not known. */
  readonly bytes: number | null;
  /** Texts may have been cut: the bounds enclose the values. Null: not known, no value, or not told. */
  readonly lower: string | null;
  readonly upper: string | null;
  /** The bounds are known, and kept back: they are values of a column that is not known to be harmless. */
  readonly isWithheld: boolean;
}

export function tableColumns(
  metadata: TableMetadata,
  statistics: TableStatistics | null,
  facts: readonly ColumnFacts[],
): readonly TableColumn[] {
  const byName = factsByName(facts);
  const isSpokenOf = facts.length > 0;
  return leaves(currentSchema(metadata), '').map(({ id, path, type, required, doc }) => {
    const fact = byName.get((rowColumnOf(path) ?? path).toLowerCase());
    const figures = statistics?.columns.get(id);
    const bound = (value: NonNullable<typeof figures>['lower'] | undefined) =>
      value === undefined || value === null ? null : valueText(type, value);
    const [lower, upper] = [bound(figures?.lower), bound(figures?.upper)];
    const isWithheld = isSpokenOf && !isHarmless(path, fact);
    return {
      fieldId: id,
      column: path,
      type,
      required,
      description: fact?.description ?? doc,
      classification: fact?.classification ?? null,
      pii: fact?.pii ?? null,
      tags: fact?.tags ?? [],
      nulls: figures?.nulls ?? null,
      bytes: figures?.bytes ?? null,
      lower: isWithheld ? null : lower,
      upper: isWithheld ? null : upper,
      isWithheld: isWithheld && (lower !== null || upper !== null),
    };
  });
}

/** Of two that are one name to engines, the sensitive one counts; what is said of a sensitive part counts for the whole. */
function factsByName(facts: readonly ColumnFacts[]): ReadonlyMap<string, ColumnFacts> {
  const ordered = facts.toSorted((a, b) => Number(isSensitive(a)) - Number(isSensitive(b)));
  const named = ordered.flatMap((fact): readonly (readonly [string, ColumnFacts])[] => {
    const name = fact.column.toLowerCase();
    const whole = isSensitive(fact) ? rowColumnOf(name) : null;
    return whole === null
      ? [[name, fact]]
      : [
          [name, fact],
          [whole, fact],
        ];
  });
  return new Map(named);
}

function isHarmless(path: string, fact: ColumnFacts | undefined): boolean {
  return fact === undefined ? columnsWithoutContent.has(path.split('.', 1)[0] ?? '') : !isSensitive(fact);
}

interface Leaf {
  readonly id: number;
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly doc: string | null;
}

/** Structs are told by their fields; lists and maps as a whole. */
function leaves({ fields }: StructType, above: string): readonly Leaf[] {
  return fields.flatMap(({ id, name, type, required, doc }) => {
    const path = above === '' ? name : `${above}.${name}`;
    return isStruct(type) ? leaves(type, path) : [{ id, path, type: typeText(type), required, doc: doc ?? null }];
  });
}
