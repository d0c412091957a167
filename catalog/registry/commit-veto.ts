// A commit to a raw table must not contradict the contract in force: a column that the contract has is not dropped, not
// narrowed and not retyped. Checked on exactly the metadata that the commit's swap asserts, whoever commits: the worker,
// Trino's ALTER TABLE, or a script.
//
// What a table had before the contract stays legal: only a change is judged, and a change towards the contract's types is
// always allowed. A column that appears may have the contract's type, or one that the worker infers from the connector's
// JSON: raw never rejects, so what arrives must find a column even where the contract is wrong about it.

import type { Contract, ContractColumn, ContractTable } from '../../contracts/contract.ts';
import type { JsonValue } from '../../contracts/json-schema.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { WantedType } from '../../lake/iceberg/evolve.ts';
import { fieldNamed, isStruct, type IcebergType, type Schema, type StructField } from '../../lake/iceberg/schema.ts';
import { valueColumn } from '../../lake/raw/shape-columns.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { TableIdent } from '../catalog.ts';
import { refused, type Refusal } from '../service/answer.ts';
import type { ContractStore, StoredVersion } from '../store/contract-store.ts';
import { holdsType, storedTypes } from './compare-columns.ts';
import { inForceFor } from './in-force.ts';
import type { RegisteredDocuments } from './registered-documents.ts';
import { typeText } from './type-text.ts';

export interface CommitVeto {
  /** Null when the commit may stand. `base` is null for a table that is created. */
  check(ident: TableIdent, base: TableMetadata | null, next: TableMetadata): Promise<Refusal | null>;
}

/** A row that the contract accepts and a column of this type cannot hold; undefined when none was found. */
export type FindWitness = (table: ContractTable, column: string, stored: IcebergType | null) => JsonValue | undefined;

export interface CommitVetoDeps {
  readonly store: ContractStore;
  readonly documents: RegisteredDocuments;
  readonly clock: Clock;
  readonly findWitness: FindWitness;
}

export function commitVeto(deps: CommitVetoDeps): CommitVeto {
  return {
    async check(ident, base, next) {
      const [before, after] = [base && currentSchema(base), currentSchema(next)];
      if (!after || before === after || !isRawTable(before ?? after)) return null;
      const id = await deps.store.contractOfTable(ident.name);
      const stored = id === null ? null : await deps.store.getContract(id);
      const version = begun(inForceFor(ident.name, stored?.versions ?? []), deps.clock.now());
      if (id === null || !version) return null;
      const { contract } = await deps.documents.open(id, version);
      const table = contract.tables.find(({ name }) => name === ident.name);
      const contradiction = table && findContradiction(table, before, after);
      return table && contradiction ? vetoed(deps, contract, table, contradiction) : null;
    },
  };
}

/** The newest whose effect has begun; offsets are the worker's to know, so they count from the activation. */
function begun(versions: readonly StoredVersion[], now: number): StoredVersion | undefined {
  return versions.findLast(({ effective }) => effective?.kind !== 'time' || effective.time <= now);
}

interface Contradiction {
  readonly column: ContractColumn;
  /** Dotted path in the table. */
  readonly path: string;
  readonly was: IcebergType | null;
  /** Null: the column is gone. */
  readonly becomes: IcebergType | null;
  readonly promised: WantedType;
}

/** The first one; null when the schema keeps what the contract promises. */
export function findContradiction(table: ContractTable, before: Schema | null, after: Schema): Contradiction | null {
  const types = storedTypes(table);
  for (const row of ['after', 'before', valueColumn]) {
    for (const column of table.columns) {
      const promised = types.get(column.name);
      if (promised === undefined) continue;
      const field = columnIn(after, row, column.name);
      const previous = before && (columnIn(before, row, column.name) ?? columnWithId(before, row, field));
      const [was, becomes] = [typeOf(previous), typeOf(field)];
      if (isAllowed(column, promised, was, becomes)) continue;
      return { column, path: `${row}.${column.name}`, was, becomes, promised };
    }
  }
  return null;
}

function isAllowed(column: ContractColumn, promised: WantedType, was: IcebergType | null, becomes: IcebergType | null): boolean {
  if (becomes === null) return was === null;
  if (was !== null && typeText(was) === typeText(becomes)) return true;
  // A mask writes text, or nothing.
  if (holdsType(becomes, promised) || (column.mask !== null && becomes === 'string')) return true;
  // More fields or wider parts than before, though less than was promised, is a step towards it.
  if (was !== null) return holdsType(becomes, was);
  return typeof becomes !== 'string' || inferred.has(becomes);
}

function columnIn(schema: Schema, row: string, name: string): StructField | null {
  const struct = fieldNamed(schema, row)?.type;
  return struct && isStruct(struct) ? (fieldNamed(struct, name) ?? null) : null;
}

/** The same column under another name. */
function columnWithId(schema: Schema, row: string, field: StructField | null): StructField | null {
  const struct = fieldNamed(schema, row)?.type;
  return (field && struct && isStruct(struct) && struct.fields.find(({ id }) => id === field.id)) || null;
}

/** Of Cassandra's cells, the value's. */
function typeOf(field: StructField | null): IcebergType | null {
  if (!field) return null;
  const { type } = field;
  const isCell = isStruct(type) && ['value', 'deletion_ts', 'set'].every((part) => fieldNamed(type, part) !== undefined);
  return isCell ? (fieldNamed(type, 'value')?.type ?? null) : type;
}

/** What the worker gives a column that no contract has typed (lake/raw/shape-columns.ts); nested types are made of these. */
const inferred: ReadonlySet<IcebergType> = new Set(['boolean', 'long', 'double', 'string']);

function vetoed(deps: CommitVetoDeps, contract: Contract, table: ContractTable, found: Contradiction): Refusal {
  const { column, path, was, becomes, promised } = found;
  const witness = deps.findWitness(table, column.name, becomes);
  const change =
    becomes === null
      ? 'drops it'
      : was === null
        ? `adds it as ${typeText(becomes)}`
        : `changes it from ${typeText(was)} to ${typeText(becomes)}`;
  const example =
    witness === undefined ? '' : `; a row that it accepts and the table could not hold: ${JSON.stringify(witness).slice(0, 500)}`;
  const message =
    `Contract ${contract.id} ${contract.version} has the column ${column.name} as ${typeText(promised)}, but the commit ${change} (${path})${example}. ` +
    'Register and activate a version of the contract without it first';
  return refused('contract-veto', message, {
    contract: contract.id,
    version: contract.version,
    table: table.name,
    property: column.name,
    path,
    promised: typeText(promised),
    was: was && typeText(was),
    becomes: becomes && typeText(becomes),
    ...(witness === undefined ? {} : { witness }),
  });
}

function currentSchema(metadata: TableMetadata): Schema | null {
  return metadata.schemas.find((schema) => schema['schema-id'] === metadata['current-schema-id']) ?? null;
}

function isRawTable(schema: Schema): boolean {
  return ['_log_partition', '_log_offset'].every((name) => fieldNamed(schema, name) !== undefined);
}
