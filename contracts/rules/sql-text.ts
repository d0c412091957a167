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
