// What a registry asks of two versions of a contract, whatever mode is promised: do the schemas accept each other's rows, one
// way and the other (contracts/compatibility), and what else changes for who reads the table (compare-columns.ts)? The answer
// to one mode and profile, for people who compare two files, is contracts/compatibility/compare-contracts.ts.

import { columnType, databaseOfBody, icebergType } from '../../contracts/column-type.ts';
import { compareSchemas } from '../../contracts/compatibility/compare-schemas.ts';
import type { Comparison } from '../../contracts/compatibility/difference.ts';
import type { Contract, ContractTable } from '../../contracts/contract.ts';
import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../../contracts/json-schema.ts';
import type { WantedType } from '../../lake/iceberg/evolve.ts';
import { columnSchema, compareTables, storedTypes } from './compare-columns.ts';
import { schemaHeldBy } from './schema-held-by.ts';
import type { VersionComparison, ContractDifference, ContractWitness, Direction, Verdict } from './registry-ports.ts';

/** The registry answers a request: what takes longer than this is unknown. */
const limits = { stepsMax: 200_000, phaseMaxMs: 500 } as const;
const storedWitnessesMax = 3;

export function compareBothWays(older: Contract, newer: Contract): VersionComparison {
  const columns = compareTables(older, newer);
  const parts = older.tables.flatMap((table) => {
    const after = newer.tables.find(({ name }) => name === table.name);
    return after ? [compareBodies(older, newer, table, after)] : [];
  });
  const differences = [...columns, ...parts.flatMap((part) => part.differences)];
  return {
    backward: verdictOf('backward', parts, columns),
    forward: verdictOf('forward', parts, columns),
    differences,
    witnesses: [...parts.flatMap((part) => part.witnesses), ...storedWitnesses(older, newer, columns)],
  };
}

/** Rows that the older stored and the newer cannot; a few are enough. */
function storedWitnesses(older: Contract, newer: Contract, columns: readonly ContractDifference[]): readonly ContractWitness[] {
  const changed = columns.filter(({ type }) => type === 'STORED_TYPE_CHANGED').slice(0, storedWitnessesMax);
  return changed.flatMap(({ table: name, path, message }): ContractWitness[] => {
    const [before, after] = [older, newer].map(({ tables }) => tables.find((table) => table.name === name));
    const type = after && storedTypes(after).get(path);
    const row = before && type !== undefined ? findRowNotHeld(before, path, type) : undefined;
    if (row === undefined) return [];
    const reason = `/${path}: ${message}`;
    return [{ table: name, direction: 'backward', acceptedBy: older.version, rejectedBy: newer.version, row, reason }];
  });
}

function compareBodies(older: Contract, newer: Contract, before: ContractTable, after: ContractTable): VersionComparison {
  if (JSON.stringify(before.body) === JSON.stringify(after.body)) return { backward: true, forward: true, differences: [], witnesses: [] };
  const [backward, forward] = (['backward', 'forward'] as const).map((mode) =>
    compareSchemas(before.body, after.body, { mode, ...limits }),
  );
  if (!backward || !forward) return { backward: 'unknown', forward: 'unknown', differences: [], witnesses: [] };
  return {
    backward: backward.compatible,
    forward: forward.compatible,
    differences: [...differencesOf(backward, 'backward', before), ...differencesOf(forward, 'forward', before)],
    witnesses: [...witnessesOf(backward, 'backward', older, newer, before), ...witnessesOf(forward, 'forward', older, newer, before)],
  };
}

/** One that is broken decides; one that is unknown leaves the whole unknown. */
function verdictOf(direction: Direction, parts: readonly VersionComparison[], columns: readonly ContractDifference[]): Verdict {
  const verdicts = new Set(parts.map((part) => part[direction]));
  if (verdicts.has(false) || columns.some(({ breaks }) => breaks.includes(direction))) return false;
  return verdicts.has('unknown') ? 'unknown' : true;
}

/** What is compatible both ways is told as one patch; the verdicts say what the whole takes. */
function differencesOf(
  { differences, compatible, reason }: Comparison,
  direction: Direction,
  { name }: ContractTable,
): readonly ContractDifference[] {
  const found = differences.map(({ kind, path, allowed }): ContractDifference => {
    const breaks = allowed ? [] : [direction];
    return { type: kind, table: name, path, message: kind.toLowerCase().replaceAll('_', ' '), step: 'patch', breaks };
  });
  if (compatible !== 'unknown') return found;
  const message = `${direction} compatibility is unknown: ${reason ?? 'no reason'}`;
  return [...found, { type: 'UNKNOWN', table: name, path: '', message, step: 'patch', breaks: [direction] }];
}

function witnessesOf(
  { witness }: Comparison,
  direction: Direction,
  older: Contract,
  newer: Contract,
  { name }: ContractTable,
): readonly ContractWitness[] {
  if (!witness) return [];
  const versionOf = (side: 'old' | 'new') => (side === 'old' ? older : newer).version;
  const { acceptedBy, rejectedBy, document, explains } = witness;
  return [
    {
      table: name,
      direction,
      acceptedBy: versionOf(acceptedBy),
      rejectedBy: versionOf(rejectedBy),
      row: document,
      reason: `${explains.pointer === '' ? '' : `${explains.pointer}: `}${explains.message}`,
    },
  ];
}

/**
 * A row of one column that the contract accepts and a column of that Iceberg type cannot hold; undefined: none found. It is
 * one that the source's type holds: no integer beyond 64 bits.
 */
export function findRowNotHeld(table: ContractTable, column: string, stored: WantedType | null): JsonValue | undefined {
  const promised = columnSchema(table.body, column);
  if (promised === null) return undefined;
  const type = icebergType(columnType(promised, databaseOfBody(table.body)), () => 0);
  const wrapped = (schema: JsonSchema): JsonObject => ({
    ...definitionsOf(table.body),
    type: 'object',
    properties: { [column]: schema },
    required: [column],
  });
  const held = wrapped({ allOf: [promised, schemaHeldBy(type)] });
  const { witness } = compareSchemas(held, wrapped(stored === null ? false : schemaHeldBy(stored)), { mode: 'backward', ...limits });
  return witness?.document;
}

function definitionsOf(body: JsonSchema): JsonObject {
  const definitions = isJsonObject(body) ? body['$defs'] : undefined;
  return definitions === undefined ? {} : { $defs: definitions };
}
