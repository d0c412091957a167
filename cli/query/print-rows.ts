// An answer as text: an aligned table for people, one JSON document with every integer exact, or CSV.

import type { Rows } from '../../query/duckdb.ts';

/** JSON numbers are exact up to 2^53; a larger integer is written as its digits all the same, bytes as base64. */
export function rowsJson({ columns, rows }: Rows): string {
  return `{"columns":${JSON.stringify(columns)},"rows":[${rows.map((row) => `[${row.map(valueJson).join(',')}]`).join(',')}]}`;
}

/** Spec: RFC 4180; null is an empty field, an empty text is `""`. */
export function rowsCsv({ columns, rows }: Rows): string {
  return [columns.map(csvText), ...rows.map((row) => row.map(csvValue))].map((fields) => `${fields.join(',')}\r\n`).join('');
}

/** Values for the plain table: what is nested as JSON text. */
export function rowsForPeople(rows: Rows['rows']): Rows['rows'] {
  return rows.map((row) => row.map((value) => (typeof value === 'object' && value !== null ? valueJson(value) : value)));
}

function valueJson(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (Array.isArray(value)) return `[${value.map(valueJson).join(',')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([name, inner]) => `${JSON.stringify(name)}:${valueJson(inner)}`)
      .join(',')}}`;
  return JSON.stringify(value);
}

function csvValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return csvText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return csvText(typeof value === 'object' ? valueJson(value) : String(value));
}

function csvText(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
