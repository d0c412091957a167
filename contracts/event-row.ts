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
  return eventReader(body)(value);
}

/** The same for many: what the body says of its columns is read once. */
export function eventReader(body: JsonSchema): (value: string) => EventRow | null {
  const [ops, columns, database] = [judgedOps(body), rowColumns(body), databaseOfBody(body)];
  return (value) => {
    const event = parsed(value, JSON.parse);
    if (!isPlainObject(event)) return null;
    const { op } = event;
    if (typeof op !== 'string' || !ops.includes(op)) return null;
    // Reading every digit takes ten times as long, and is for integers of 16 digits and more.
    const after = isRounded(event['after']) ? exactAfter(value) : event['after'];
    if (!isPlainObject(after)) return null;
    const row = asJson(logicalRow(columns, after, database));
    if (!isJsonObject(row)) return null;
    const unavailable = new Set(Object.keys(after).filter((name) => after[name] === unavailableValue));
    return { op, row, unavailable };
  };
}

function rowColumns(body: JsonSchema): readonly RowColumn[] {
  const database = databaseOfBody(body);
  const properties = isJsonObject(body) ? body['properties'] : undefined;
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, schema]) =>
    isJsonObject(schema) ? [{ name, type: columnType(schema, database) }] : [],
  );
}

function exactAfter(value: string): unknown {
  const event = parsed(value, parseExactJson);
  return isPlainObject(event) ? event['after'] : null;
}

/** Whether an integer in it may have lost digits. */
function isRounded(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (Array.isArray(value)) return value.some(isRounded);
  return isPlainObject(value) && Object.values(value).some(isRounded);
}

function parsed(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
