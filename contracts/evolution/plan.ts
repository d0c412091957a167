// From a table's schema to the one that a contract asks for, as steps that a person can read: what is added, renamed,
// hidden, widened, reordered and documented, what happens to the rows there already, and what somebody has to decide.
// Pure: sync/apply-contract.ts commits the result.
//
// No file is ever rewritten. A property is found again by its id, so a rename is a rename: where the source was first, the
// column that its new name was given meanwhile is hidden, and its rows read as the property's. A column that the contract no
// longer has keeps its field id under a hidden name while records may still fill it. Types only widen in place (int → long,
// float → double, a wider decimal); for any other change a new column takes over the name and the old one is hidden, and
// that is a decision: `replace`, or `keep` the type as it is.

import { evolveSchema, type EvolveConflict, type WantedField, type WantedType } from '../../lake/iceberg/evolve.ts';
import { fieldNamed, isStruct, type Schema, type StructField, type StructType } from '../../lake/iceberg/schema.ts';
import { databaseOfBody } from '../column-type.ts';
import type { Contract, ContractTable } from '../contract.ts';
import { columnsText, parseColumns, type TableColumns } from './columns-property.ts';
import { lakeColumns, type LakeColumn } from './lake-columns.ts';
import { describeChanges, type EvolutionStep } from './steps.ts';

export type Decision = 'replace' | 'keep';

export interface EvolutionInput {
  /** The raw table's current schema. */
  readonly schema: Schema;
  readonly lastColumnId: number;
  /** Its property `foz.columns`. */
  readonly columns: string | undefined;
  readonly contract: Pick<Contract, 'id' | 'version'>;
  readonly table: ContractTable;
  /** By the contract's column name; `*` is for every other. */
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Whether any record had both columns of `before` or `after`: then the one is not the other's new name. */
  readonly stoodTogether?: (parent: string, one: string, other: string) => boolean;
}

/** What the shapes of the table have to follow. */
export interface ColumnMove {
  /** `before` or `after`. */
  readonly parent: string;
  readonly from: string;
  readonly to: string;
  /** Records go on to the column that took the name over; otherwise they follow the move. */
  readonly isReplaced: boolean;
}

export interface EvolutionPlan {
  readonly steps: readonly EvolutionStep[];
  /** Null when it stays as it is. */
  readonly schema: Schema | null;
  readonly lastColumnId: number;
  /** `foz.columns` as it will be. */
  readonly columns: string;
  readonly moves: readonly ColumnMove[];
  /** Steps that need a decision; nothing may be applied while there are any. */
  readonly undecided: number;
}

/** Columns of a dropped property, and of one that another column took over from: the old field id and the name follow. */
export const droppedPrefix = '_dropped_';
export const replacedPrefix = '_replaced_';

export function planEvolution(input: EvolutionInput): EvolutionPlan {
  const wanted = lakeColumns(input.table);
  const isCassandra = databaseOfBody(input.table.body) === 'cassandra';
  const known = parseColumns(input.columns);
  const parents = isCassandra && !fieldNamed(input.schema, 'before') ? ['after'] : ['before', 'after'];
  let { schema, lastColumnId } = input;
  const ids = new Map<string, Map<string, number>>();
  const moves: ColumnMove[] = [];
  const decisions = new Map<string, EvolutionStep>();
  for (const parent of parents) {
    const done = planStruct({ parent, wanted, isCassandra, known, input, decisions, schema, lastColumnId });
    ({ schema, lastColumnId } = done);
    moves.push(...done.moves);
    for (const [id, field] of done.ids) ids.set(id, (ids.get(id) ?? new Map()).set(parent, field));
  }
  const undecided = [...decisions.values()];
  const steps = [...describeChanges(structNamed(input.schema, 'after'), structNamed(schema, 'after'), moves), ...undecided];
  const { id: contract, version } = input.contract;
  const isChanged = JSON.stringify(schema.fields) !== JSON.stringify(input.schema.fields);
  return {
    steps,
    schema: isChanged ? { ...schema, 'schema-id': input.schema['schema-id'] + 1 } : null,
    lastColumnId,
    columns: columnsText({ contract, version, columns: ids }),
    moves,
    undecided: undecided.length,
  };
}

interface StructWork {
  readonly parent: string;
  readonly wanted: readonly LakeColumn[];
  readonly isCassandra: boolean;
  readonly known: TableColumns | null;
  readonly input: EvolutionInput;
  readonly decisions: Map<string, EvolutionStep>;
  readonly schema: Schema;
  readonly lastColumnId: number;
}

function planStruct(work: StructWork): {
  readonly schema: Schema;
  readonly lastColumnId: number;
  readonly moves: readonly ColumnMove[];
  readonly ids: ReadonlyMap<string, number>;
} {
  const { parent, known } = work;
  const before = structNamed(work.schema, parent).fields;
  let fields = before;
  const rename = (field: StructField, to: string): void => {
    fields = fields.map((other) => (other.id === field.id ? { ...other, name: to } : other));
  };
  const wantedIds = new Set(work.wanted.map((column) => column.id));
  for (const [id, byParent] of known?.columns ?? []) {
    const field = fields.find((candidate) => candidate.id === byParent.get(parent));
    if (!field || wantedIds.has(id) || isHidden(field.name)) continue;
    for (const one of [field, ...replacedBy(field.name, fields)]) rename(one, `${droppedPrefix}${one.id}_${field.name}`);
  }
  const taken: LakeColumn[] = [];
  for (const column of work.wanted) {
    const field = fields.find((candidate) => candidate.id === known?.columns.get(column.id)?.get(parent));
    const namesake = fields.find((candidate) => candidate.name === column.name);
    if (field && field !== namesake) {
      const decided = namesake ? nameTaken(work, column, field, namesake) : 'rename';
      if (decided === null || decided === 'keep') continue;
      if (decided === 'replace') rename(field, `${replacedPrefix}${field.id}_${column.name}`);
      else {
        if (namesake) rename(namesake, `${replacedPrefix}${namesake.id}_${column.name}`);
        for (const one of replacedBy(field.name, fields)) rename(one, `${replacedPrefix}${one.id}_${column.name}`);
        rename(field, column.name);
      }
    }
    const current = fields.find((candidate) => candidate.name === column.name);
    const conflict = current && conflictOf(current, typeOf(column, work));
    if (current && conflict) {
      const why = `${conflict.path}: ${conflict.wanted} where the column is ${conflict.current}`;
      if (decide(work, column, why, conflict.current) !== 'replace') continue;
      rename(current, `${replacedPrefix}${current.id}_${column.name}`);
    }
    taken.push(column);
  }
  const moves = movesOf(parent, before, fields);
  const row = taken.map((column): WantedField => ({ name: column.name, type: typeOf(column, work), ...docOf(column) }));
  const moved = withStruct(work.schema, parent, fields);
  const evolved = evolveSchema(
    moved,
    { type: 'struct', fields: [{ name: parent, type: { type: 'struct', fields: row } }] },
    work.lastColumnId,
  );
  for (const conflict of evolved.conflicts) undecidable(work, conflict);
  const after = arranged(structNamed(evolved.schema, parent), work.wanted);
  const ids = new Map(
    work.wanted.flatMap((column) => {
      const field = after.find((candidate) => candidate.name === column.name);
      return field ? [[column.id, field.id] as const] : [];
    }),
  );
  return { schema: withStruct(evolved.schema, parent, after), lastColumnId: evolved.lastColumnId, moves, ids };
}

/**
 * `rename`: what stands under the new name came of records since the source renamed, and becomes a part of the column.
 * Else a person decides which of the two goes on.
 */
function nameTaken(work: StructWork, column: LakeColumn, field: StructField, namesake: StructField): Decision | 'rename' | null {
  const { parent, known, input } = work;
  const isOther = [...(known?.columns.values() ?? [])].some((byParent) => byParent.get(parent) === namesake.id);
  if (!isOther && input.stoodTogether?.(parent, field.name, namesake.name) === false) return 'rename';
  return decide(work, column, `a column ${column.name} is there already, beside ${field.name}`, field.name);
}

/** Hidden columns that a column took over from. */
function replacedBy(name: string, fields: readonly StructField[]): readonly StructField[] {
  return fields.filter((field) => field.name === `${replacedPrefix}${field.id}_${name}`);
}

function movesOf(parent: string, before: readonly StructField[], after: readonly StructField[]): readonly ColumnMove[] {
  const names = new Map(after.map((field) => [field.id, field.name]));
  return before.flatMap(({ id, name: from }) => {
    const to = names.get(id) ?? from;
    const isReplaced = to.startsWith(replacedPrefix) && !isHidden(from);
    return to === from ? [] : [{ parent, from, to, isReplaced }];
  });
}

function isHidden(name: string): boolean {
  return name.startsWith(droppedPrefix) || name.startsWith(replacedPrefix);
}

function typeOf(column: LakeColumn, work: StructWork): WantedType {
  if (!work.isCassandra) return column.type;
  const cell: readonly WantedField[] = [
    { name: 'value', type: column.type },
    { name: 'deletion_ts', type: 'long' },
    { name: 'set', type: 'boolean' },
  ];
  return { type: 'struct', fields: cell };
}

function docOf(column: LakeColumn): { readonly doc?: string } {
  return column.doc === null ? {} : { doc: column.doc };
}

function conflictOf(field: StructField, type: WantedType): EvolveConflict | undefined {
  const alone: Schema = { type: 'struct', 'schema-id': 0, fields: [field] };
  return evolveSchema(alone, { type: 'struct', fields: [{ name: field.name, type }] }, 0).conflicts[0];
}

/** Null while nobody has decided: the step says so. */
function decide(work: StructWork, column: LakeColumn, why: string, current: string): Decision | null {
  const { decisions } = work.input;
  const decided = decisions.get(column.name) ?? decisions.get('*') ?? null;
  if (decided === null) {
    const choices = [
      {
        decision: 'replace',
        what: `a new column takes the name over; rows there already keep theirs (${current}), hidden, and the current view reads them cast`,
      },
      { decision: 'keep', what: `the column stays as it is (${current}); the contract's rules still judge the rows` },
    ];
    work.decisions.set(column.name, { kind: 'decision', column: column.name, detail: why, rows: 'nothing is applied before', choices });
  }
  return decided;
}

/** What no decision mends: the contract has to say something else. */
function undecidable(work: StructWork, conflict: EvolveConflict): void {
  const detail =
    conflict.reason === 'case'
      ? `${conflict.path}: a column ${conflict.current} is there, equal but for case: name the property as the column is named`
      : `${conflict.path}: ${conflict.wanted} where the column is ${conflict.current}`;
  const column = conflict.path.split('.')[1] ?? conflict.path;
  work.decisions.set(column, { kind: 'decision', column, detail, rows: 'nothing is applied before', choices: [] });
}

/** The contract's columns in its order with its docs, then what it does not name, then what is hidden. */
function arranged(struct: StructType, wanted: readonly LakeColumn[]): readonly StructField[] {
  const places = new Map(wanted.map((column, i) => [column.name, i]));
  const place = (field: StructField): number => places.get(field.name) ?? (isHidden(field.name) ? wanted.length + 1 : wanted.length);
  const docs = new Map(wanted.map((column) => [column.name, column.doc]));
  return struct.fields
    .toSorted((left, right) => place(left) - place(right))
    .map((field) => {
      const doc = docs.get(field.name);
      return doc === undefined || doc === null || doc === field.doc ? field : { ...field, doc };
    });
}

function structNamed(schema: Schema, name: string): StructType {
  const type = fieldNamed(schema, name)?.type;
  return type !== undefined && isStruct(type) ? type : { type: 'struct', fields: [] };
}

function withStruct(schema: Schema, name: string, fields: readonly StructField[]): Schema {
  const changed = schema.fields.map((field) =>
    field.name === name && isStruct(field.type) ? { ...field, type: { ...field.type, fields } } : field,
  );
  return { ...schema, fields: changed };
}
