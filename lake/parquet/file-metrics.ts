// What a manifest says of a file's columns, from what DuckDB reports of the file it wrote. Engines skip files by these
// numbers, so a wrong one loses rows silently. Hence: nothing below a list or map (DuckDB's null counts are wrong
// there), strings cut to 16 characters with the upper bound raised, zeros as −0.0 and 0.0, no bounds where a NaN is,
// and on wide tables only the columns that queries prune by.
// Spec: https://iceberg.apache.org/spec/#manifests (data_file), #appendix-d-single-value-serialization

import type { DataFile } from '../iceberg/data-file.ts';
import { isStruct, type StructType } from '../iceberg/schema.ts';
import { bytesOfValue, type SingleValue } from '../iceberg/value-bytes.ts';
import { quoted } from './duckdb-type.ts';

/** DuckDB's report: by column path (each part quoted, joined by dots), statistics by name. */
export type ReportedStats = ReadonlyMap<string, ReadonlyMap<string, string>>;

export type FileMetrics = Required<
  Pick<DataFile, 'columnSizes' | 'valueCounts' | 'nullValueCounts' | 'nanValueCounts' | 'lowerBounds' | 'upperBounds'>
>;

export interface MetricsOptions {
  /** A table with more leaf columns than this is wide. */
  readonly wideColumns: number;
  /** Dotted paths that keep their metrics on wide tables. */
  readonly always: ReadonlySet<string>;
}

export interface Leaf {
  readonly id: number;
  readonly type: string;
  /** As DuckDB names it in its report. */
  readonly reported: string;
  readonly dotted: string;
}

const boundCharacters = 16;

export function fileMetrics(schema: StructType, stats: ReportedStats, options: MetricsOptions): FileMetrics {
  const leaves = leavesOf(schema);
  const chosen = leaves.length > options.wideColumns ? leaves.filter((leaf) => options.always.has(leaf.dotted)) : leaves;
  const metrics = {
    columnSizes: new Map<number, number>(),
    valueCounts: new Map<number, number>(),
    nullValueCounts: new Map<number, number>(),
    nanValueCounts: new Map<number, number>(),
    lowerBounds: new Map<number, Uint8Array>(),
    upperBounds: new Map<number, Uint8Array>(),
  };
  for (const leaf of chosen) {
    const column = stats.get(leaf.reported);
    if (!column) continue;
    setCount(metrics.columnSizes, leaf.id, column.get('column_size_bytes'));
    setCount(metrics.valueCounts, leaf.id, column.get('num_values'));
    setCount(metrics.nullValueCounts, leaf.id, column.get('null_count'));
    if (column.get('has_nan') === 'true') continue;
    if (column.get('has_nan') === 'false') metrics.nanValueCounts.set(leaf.id, 0);
    const lower = boundOf(leaf.type, column.get('min'), 'lower');
    const upper = boundOf(leaf.type, column.get('max'), 'upper');
    if (lower && upper) {
      metrics.lowerBounds.set(leaf.id, lower);
      metrics.upperBounds.set(leaf.id, upper);
    }
  }
  return metrics;
}

/** Primitive columns outside lists and maps. */
export function leavesOf(struct: StructType): readonly Leaf[] {
  const walk = (inner: StructType, reported: string, dotted: string): Leaf[] =>
    inner.fields.flatMap((field): Leaf[] => {
      const at = { reported: reported + quoted(field.name), dotted: dotted + field.name };
      if (isStruct(field.type)) return walk(field.type, `${at.reported}.`, `${at.dotted}.`);
      return typeof field.type === 'string' ? [{ id: field.id, type: field.type, ...at }] : [];
    });
  return walk(struct, '', '');
}

function setCount(counts: Map<number, number>, id: number, text: string | undefined): void {
  if (text !== undefined) counts.set(id, Number(text));
}

function boundOf(type: string, text: string | undefined, side: 'lower' | 'upper'): Uint8Array | null {
  if (text === undefined) return null;
  const value = boundValue(type, text, side);
  return value === null ? null : bytesOfValue(type, value);
}

function boundValue(type: string, text: string, side: 'lower' | 'upper'): SingleValue | null {
  switch (type) {
    case 'boolean':
      return text === '1' || text === 'true';
    case 'int':
      return Number(text);
    case 'long':
      return BigInt(text);
    case 'float':
    case 'double': {
      const number = Number(text);
      if (number === 0) return side === 'lower' ? -0 : 0;
      return Number.isFinite(number) ? number : null;
    }
    case 'timestamp':
    case 'timestamptz':
      return microsOf(text);
    case 'date': {
      const ms = Date.parse(`${text}T00:00:00Z`);
      return Number.isNaN(ms) ? null : ms / 86_400_000;
    }
    case 'string':
      return stringBound(text, side);
    case 'binary':
      return binaryBound(text, side);
    default:
      return null;
  }
}

/** `2026-11-21 08:54:30.123456+00`, as DuckDB prints it in UTC; null for other forms (years before 1 or after 9999). */
export function microsOf(text: string): bigint | null {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00)?$/.exec(text);
  if (!match) return null;
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? null : BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0'));
}

function stringBound(text: string, side: 'lower' | 'upper'): string | null {
  const characters = Array.from(text.slice(0, 2 * boundCharacters + 2));
  if (characters.length <= boundCharacters) return text;
  const head = characters.slice(0, boundCharacters);
  if (side === 'lower') return head.join('');
  // The smallest string above every one that starts so: raise the last character that can be raised.
  for (let last = head.length - 1; last >= 0; last--) {
    const raised = raisedCodePoint(head[last]?.codePointAt(0) ?? 0);
    if (raised !== null) return head.slice(0, last).join('') + String.fromCodePoint(raised);
  }
  return null;
}

function raisedCodePoint(codePoint: number): number | null {
  if (codePoint === 0xd7ff) return 0xe000;
  return codePoint >= 0x10ffff ? null : codePoint + 1;
}

function binaryBound(hex: string, side: 'lower' | 'upper'): Uint8Array | null {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  if (bytes.length <= boundCharacters) return bytes;
  const head = bytes.slice(0, boundCharacters);
  if (side === 'lower') return head;
  for (let last = head.length - 1; last >= 0; last--) {
    const byte = head[last] ?? 255;
    if (byte === 255) continue;
    head[last] = byte + 1;
    return head.slice(0, last + 1);
  }
  return null;
}
