// The order in which PostgreSQL hands out keys, as a text that compares in the same order here: what lets a reading be cut
// into ranges of keys, and one range be asked for again. Only types whose order is the same on every server: whole numbers
// by value, uuids and text by their bytes (readings are ordered COLLATE "C"). Of a longer key the first such columns count.

import type { SourceColumn, SourceTable, SourceValue } from './source.ts';

export interface KeyOrder {
  /** How many of the key's first columns are compared. */
  readonly columns: number;
  /** Of canonical values of the key's columns, or of those first ones: equal texts for keys that are not told apart. */
  place(key: readonly SourceValue[]): string;
}

/** Of a table of PostgreSQL. Null where the key's first column has no such order, or the table no key. */
export function keyOrder(table: SourceTable): KeyOrder | null {
  const encoders: ((value: string) => string)[] = [];
  for (const name of table.key) {
    const column = table.columns.find((candidate) => candidate.name === name);
    const encoder = column ? encoderOf(column) : null;
    if (encoder === null) break;
    encoders.push(encoder);
  }
  if (encoders.length === 0) return null;
  return {
    columns: encoders.length,
    place: (key) => encoders.map((encode, i) => encode(key[i] ?? '')).join(''),
  };
}

function encoderOf({ type }: SourceColumn): ((value: string) => string) | null {
  switch (type.name) {
    case 'int2':
    case 'int4':
    case 'int8':
      return wholeNumber;
    case 'uuid':
      return (value) => value;
    case 'text':
    case 'varchar':
    case 'name':
      return bytes;
    default:
      return null;
  }
}

/** Moved above zero, so that no sign is left, and padded. What is no number (a damaged key in the lake) has a place too. */
function wholeNumber(value: string): string {
  if (!/^-?\d{1,19}$/.test(value)) return value;
  return (BigInt(value) + 0x8000000000000000n).toString().padStart(20, '0');
}

/** One character a byte: JavaScript compares UTF-16 units, not bytes. Text of PostgreSQL holds no zero byte, so one ends it. */
function bytes(value: string): string {
  return `${Buffer.from(value, 'utf8').toString('latin1')}\0`;
}
