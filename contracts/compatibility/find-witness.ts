// Searches a document that one schema accepts and the other rejects: first the recipes that the denial of the reader
// leaves (they aim at each keyword that could break), then documents drawn at random around the values both schemas name.
// The validator has the last word on each.

import { seededRandom } from '../../runtime/random.ts';
import type { SchemaProblem, SchemaValidator } from '../json-schema-validator.ts';
import { isJsonObject, type JsonValue } from '../json-schema.ts';
import { BudgetSpent } from './budget.ts';
import { buildValues, createBuilder } from './build-values.ts';
import type { Judges } from './evaluate.ts';
import type { Claim } from './facts.ts';
import { hasUnknownColumn, type Columns } from './known-columns.ts';
import type { SchemaDocument } from './schema-document.ts';

export interface WitnessSearch {
  /** Whose documents are looked at. */
  readonly writer: { readonly document: SchemaDocument; readonly validator: SchemaValidator; readonly columns: Columns };
  readonly reader: { readonly document: SchemaDocument; readonly validator: SchemaValidator };
  /** One budget a phase: a spent one ends its phase. */
  readonly judges: () => Judges;
}

export interface FoundWitness {
  readonly document: JsonValue;
  readonly problem: SchemaProblem;
}

const recipesMax = 2_000;
const drawnMax = 400;
const seeds = [1, 2, 3, 4];

export function findWitness(search: WitnessSearch): FoundWitness | null {
  const { writer, reader } = search;
  const wanted: Claim[] = [
    { document: writer.document, schema: writer.document.root, holds: true },
    { document: reader.document, schema: reader.document.root, holds: false },
  ];
  const pool = valuesIn([writer.document.root, reader.document.root]);
  const aimed = withinBudget(() => {
    const builder = createBuilder(search.judges(), null, pool);
    return firstWitness(search, buildValues(builder, wanted, writer.columns), recipesMax);
  });
  if (aimed !== null) return aimed;
  return withinBudget(() => {
    const judges = search.judges();
    for (const seed of seeds) {
      const builder = createBuilder(judges, seededRandom(seed), pool);
      const claims = seed % 2 === 0 ? wanted : wanted.slice(0, 1);
      const found = firstWitness(search, buildValues(builder, claims, writer.columns), drawnMax);
      if (found !== null) return found;
    }
    return null;
  });
}

function firstWitness({ writer, reader }: WitnessSearch, candidates: Iterable<JsonValue>, count: number): FoundWitness | null {
  let left = count;
  for (const document of candidates) {
    if (left <= 0) return null;
    left -= 1;
    const [problem] = reader.validator.problems(document);
    if (problem === undefined || !writer.validator.accepts(document) || hasUnknownColumn(writer.columns, document)) continue;
    return { document, problem };
  }
  return null;
}

function withinBudget(search: () => FoundWitness | null): FoundWitness | null {
  try {
    return search();
  } catch (error) {
    if (error instanceof BudgetSpent) return null;
    throw error;
  }
}

const poolMax = 400;

/** Bounds, listed values and examples of both schemas, with their neighbours. */
export function valuesIn(schemas: readonly JsonValue[]): readonly JsonValue[] {
  const found = new Map<string, JsonValue>();
  const add = (value: JsonValue): void => {
    if (found.size < poolMax && (typeof value !== 'object' || value === null)) found.set(JSON.stringify(value), value);
  };
  const pending: JsonValue[] = [...schemas];
  for (let value = pending.pop(); value !== undefined && found.size < poolMax; value = pending.pop()) {
    if (typeof value === 'number') for (const near of [value, value + 1, value - 1, value + 0.5]) add(near);
    if (typeof value === 'string' && value.length < 100) add(value);
    if (Array.isArray(value)) pending.push(...value);
    else if (isJsonObject(value)) pending.push(...Object.values(value));
  }
  for (const value of [null, true, false, '', 'a', 0, 1]) add(value);
  return [...found.values()];
}
