// A table of documents in DuckDB, judged by compiled rules: decoded as sync decodes them, batch by batch, so that what is
// compared with the validator is the SQL itself.

import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { JsonValue } from '../../contracts/json-schema.ts';
import type { CompiledRules } from '../../contracts/rules/compile-rules.ts';
import type { DecodedType } from '../../contracts/rules/row-wire.ts';
import type { Violation } from '../../contracts/rules/rule.ts';
import type { Wire } from '../../contracts/rules/wire.ts';

export interface SqlVerdict {
  readonly isClean: boolean;
  readonly violations: readonly Violation[];
  readonly needsJudge: boolean;
}

export interface RulesLab extends Disposable {
  /** In the order of the texts. */
  judge(rules: CompiledRules, wire: Wire, decoded: DecodedType, texts: readonly string[]): Promise<readonly SqlVerdict[]>;
  readonly connection: DuckDBConnection;
}

export async function rulesLab(): Promise<RulesLab> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return {
    connection,
    async judge(rules, wire, decoded, texts) {
      const { isClean, violations, needsJudge } = rules.sql('r', wire);
      const rows = texts.map((text, i) => `(${i}, ${quote(text)})`).join(',');
      const from = `SELECT i, from_json(j, ${quote(structure(decoded))}) AS r FROM (VALUES ${rows}) t(i, j)`;
      const judged = `SELECT i, r, ${isClean} AS c, ${needsJudge} AS n FROM (${from})`;
      const sql = `SELECT c, CASE WHEN c THEN NULL ELSE ${violations} END AS v, n FROM (${judged}) ORDER BY i`;
      const answer = (await connection.runAndReadAll(sql)).getRowsJson();
      return answer.map(([c, v, n]) => {
        if (typeof c !== 'boolean' || typeof n !== 'boolean') throw new Error(`not a yes or no: ${String(c)} ${String(n)}`);
        return { isClean: c, violations: Array.isArray(v) ? (v as unknown as Violation[]) : [], needsJudge: n };
      });
    },
    [Symbol.dispose]: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const names = { null: 'NULL', boolean: 'BOOLEAN', long: 'BIGINT', double: 'DOUBLE', string: 'VARCHAR', json: 'JSON' };

function structure(type: DecodedType): string {
  if (type.kind === 'struct') return `{${type.fields.map((field) => `${JSON.stringify(field.name)}:${structure(field.type)}`).join(',')}}`;
  return type.kind === 'list' ? `[${structure(type.element)}]` : `"${names[type.kind]}"`;
}

/** The kinds that decode exactly these documents; `json` where they differ. */
export function decodedOf(values: readonly JsonValue[]): DecodedType {
  const types = values.filter((value) => value !== null).map(typeOf);
  return types.reduce(merged, { kind: 'null' });
}

function typeOf(value: JsonValue): DecodedType {
  if (value === null) return { kind: 'null' };
  if (typeof value === 'boolean') return { kind: 'boolean' };
  if (typeof value === 'string') return { kind: 'string' };
  if (typeof value === 'number') return { kind: Number.isSafeInteger(value) ? 'long' : 'double' };
  if (Array.isArray(value)) return { kind: 'list', element: decodedOf(value) };
  const fields = Object.entries(value).map(([name, inner]) => ({ name, type: typeOf(inner) }));
  const caseless = new Set(fields.map((field) => field.name.toLowerCase()));
  // DuckDB has no empty struct, and no two names that differ in case only.
  return fields.length === 0 || caseless.size < fields.length ? { kind: 'json' } : { kind: 'struct', fields };
}

function merged(a: DecodedType, b: DecodedType): DecodedType {
  if (a.kind === 'null') return b;
  if (b.kind === 'null') return a;
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', element: merged(a.element, b.element) };
  if (a.kind === 'struct' && b.kind === 'struct' && a.fields.map((f) => f.name).join() === b.fields.map((f) => f.name).join()) {
    const other = new Map(b.fields.map((field) => [field.name, field.type]));
    return {
      kind: 'struct',
      fields: a.fields.map(({ name, type }) => ({ name, type: merged(type, other.get(name) ?? { kind: 'null' }) })),
    };
  }
  if (a.kind !== b.kind) {
    return { kind: isNumber(a) && isNumber(b) ? 'double' : 'json' };
  }
  return a.kind === 'struct' ? { kind: 'json' } : a;
}

function isNumber(type: DecodedType): boolean {
  return type.kind === 'long' || type.kind === 'double';
}
