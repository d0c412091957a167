// Names and texts in SQL, from a contract that anybody may have written: always quoted, quotes doubled, and without the
// character that PostgreSQL cannot hold.

export function sqlName(name: string): string {
  return `"${name.replaceAll('\u0000', '').replaceAll('"', '""')}"`;
}

/** A standard string constant: backslashes are themselves. */
export function sqlLiteral(text: string): string {
  return `'${text.replaceAll('\u0000', '').replaceAll("'", "''")}'`;
}

/** In a comment to the end of the line. */
export function sqlRemark(text: string): string {
  return `-- ${text.replaceAll(/[\p{C}\u2028\u2029\s]+/gu, ' ').trim()}`;
}
