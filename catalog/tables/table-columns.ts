// The columns of a table with what is known of each: its type, what it means, and its figures from the manifests. Bounds are
// values: once anything is said of the table, only those of columns are told that are known to be harmless, as only those are
// shown. One that nobody spoke of may be a classified column under another name or of a former contract, or hold the row whole.

import { isClassified } from '../../contracts/classified.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { isStruct, type StructType } from '../../lake/iceberg/schema.ts';
import { columnsWithoutContent, isRawSchema, rowStructs } from '../../lake/raw/raw-schema.ts';
import type { TableStatistics } from '../../lake/iceberg/table-statistics.ts';
import { valueText } from '../../lake/iceberg/value-text.ts';
import type { ColumnFacts } from '../entities/column-facts.ts';
import { wholeColumns } from '../entities/whole-columns.ts';
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
  const schema = currentSchema(metadata);
  const saidOf = isRawSchema(schema) ? saidInRaw : saidInOther;
  return leaves(schema, '').map(({ id, path, type, required, doc }) => {
    const { fact, isHarmless } = saidOf(path, byName);
    const figures = statistics?.columns.get(id);
    const bound = (value: NonNullable<typeof figures>['lower'] | undefined) =>
      value === undefined || value === null ? null : valueText(type, value);
    const [lower, upper] = [bound(figures?.lower), bound(figures?.upper)];
    const isWithheld = isSpokenOf && !isHarmless;
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

/** Of two that are one name to engines, the classified one counts; what is said of a classified part counts for the whole. */
function factsByName(facts: readonly ColumnFacts[]): ReadonlyMap<string, ColumnFacts> {
  const ordered = facts.toSorted((a, b) => Number(isClassified(a)) - Number(isClassified(b)));
  const named = ordered.flatMap((fact): readonly (readonly [string, ColumnFacts])[] => {
    const name = fact.column.toLowerCase();
    return [name, ...(isClassified(fact) ? wholeColumns(name) : [])].map((one) => [one, fact]);
  });
  return new Map(named);
}

interface Said {
  readonly fact: ColumnFacts | undefined;
  readonly isHarmless: boolean;
}

type FactsByName = ReadonlyMap<string, ColumnFacts>;

/** Of a raw table, the columns that hold rows have the names that facts speak of; all others hold pieces of rows, or nothing of them. */
function saidInRaw(path: string, byName: FactsByName): Said {
  const [first = '', second] = path.toLowerCase().split('.');
  const isOfRow = rowStructs.has(first) && second !== undefined;
  const fact = byName.get(isOfRow ? second : first);
  const isKnown = isOfRow ? fact !== undefined : columnsWithoutContent.has(first);
  return { fact, isHarmless: isKnown && (fact === undefined || !isClassified(fact)) };
}

/** Any other may have been made of rows as a raw table has them: `after.email` is classified there too, though not for its own name. */
function saidInOther(path: string, byName: FactsByName): Said {
  const [first = ''] = path.toLowerCase().split('.', 1);
  const own = byName.get(first);
  const ofRow = byName.get(rowColumnOf(path.toLowerCase()) ?? first);
  const fact = ofRow !== undefined && isClassified(ofRow) ? ofRow : (own ?? ofRow);
  return { fact, isHarmless: own !== undefined && fact !== undefined && !isClassified(fact) };
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
