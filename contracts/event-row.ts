// The row that a Debezium event tells of, as a contract sees it: what the validator judges.

import { unavailableValue } from '../sources/canonical-postgres.ts';
import { isJsonObject as isPlainObject, parseExactJson } from '../sources/exact-json.ts';
import { columnType, databaseOfBody } from './column-type.ts';
import { isJsonObject, type JsonObject, type JsonSchema } from './json-schema.ts';
import { asJson, logicalRow, type RowColumn } from './row-value.ts';

/** Events that carry a row as it is now. In Cassandra r is a range of deleted rows. */
export function judgedOps(body: JsonSchema): readonly string[] {
  return databaseOfBody(body) === 'cassandra' ? ['c', 'i', 'u'] : ['c', 'u', 'r'];
}

export interface EventRow {
  readonly op: string;
  readonly row: JsonObject;
  /** Columns whose large value was left out of the event, because it did not change. */
  readonly unavailable: ReadonlySet<string>;
}

/** The logical row in the value of a record; null where it tells of none, or is no event. */
export function eventRow(value: string, body: JsonSchema): EventRow | null {
  const event = parsed(value);
  if (!isPlainObject(event)) return null;
  const { op, after } = event;
  if (typeof op !== 'string' || !judgedOps(body).includes(op) || !isPlainObject(after)) return null;
  const row = asJson(logicalRow(rowColumns(body), after, databaseOfBody(body)));
  if (!isJsonObject(row)) return null;
  const unavailable = new Set(Object.keys(after).filter((name) => after[name] === unavailableValue));
  return { op, row, unavailable };
}

function rowColumns(body: JsonSchema): readonly RowColumn[] {
  const database = databaseOfBody(body);
  const properties = isJsonObject(body) ? body['properties'] : undefined;
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, schema]) =>
    isJsonObject(schema) ? [{ name, type: columnType(schema, database) }] : [],
  );
}

function parsed(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return null;
  }
}
