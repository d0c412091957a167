// Constants and names in DuckDB's SQL.

/** A string; backslashes stand for themselves, and a NUL, which no SQL text may hold, is spelled out. */
export function sqlString(text: string): string {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts.join('') : `(${parts.join(' || chr(0) || ')})`;
}

export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function sqlLong(value: bigint): string {
  // Its absolute value alone would be out of range.
  return value === -(2n ** 63n) ? '(-9223372036854775807 - 1)' : `${value}::BIGINT`;
}

export function sqlDouble(value: number): string {
  return `'${value}'::DOUBLE`;
}

/** From 6 on DuckDB makes a join of IN, which every row passes with all its columns, whatever branch it stands in. */
const inMax = 5;
/** A list is looked through value by value. */
const listMax = 200;

/** Whether a text is one of the constants; NULL or false where there is none. */
export function isAmong(text: string, constants: readonly string[]): string {
  if (constants.length <= inMax || constants.length > listMax) return `${text} IN (${constants.join(', ')})`;
  return `list_contains([${constants.join(', ')}], ${text})`;
}
