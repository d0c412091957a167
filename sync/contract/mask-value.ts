// Masks in JavaScript, value for value what mask-sql.ts does in DuckDB: proofs compare the table with the masked source.

import { createHmac } from 'node:crypto';
import { readJson, type JsonValue } from '../../runtime/json-value.ts';
import { unavailableTexts } from '../../lake/raw/current/postgres.ts';
import type { ColumnMask, ColumnMasks } from './column-masks.ts';

/** Between the ends that a partial mask keeps, whatever the length. */
export const maskedMiddle = '***';

/** Member of a masked key that could not be masked member by member. */
export const wholeKeyMember = '_masked';

export function maskText(mask: ColumnMask, text: string): string | null {
  if (mask.kind === 'drop') return null;
  // No value, but a word for one that did not change: the current view must know it.
  if (unavailableTexts.includes(text)) return text;
  switch (mask.kind) {
    case 'redact':
      return mask.text;
    case 'hmac':
      return createHmac('sha256', mask.key).update(text).digest('hex');
    case 'partial': {
      const letters = [...text];
      const { keepFirst, keepLast } = mask;
      if (letters.length <= keepFirst + keepLast) return maskedMiddle;
      return letters.slice(0, keepFirst).join('') + maskedMiddle + letters.slice(letters.length - keepLast).join('');
    }
  }
}

/** A record's key as it lands: an object's masked members replaced in place, any other key masked whole. */
export function maskKey(masks: ColumnMasks, key: Uint8Array): Uint8Array {
  const text = Buffer.from(key).toString('utf8');
  const { keyColumns } = masks;
  if (keyColumns.length === 0 && ![...masks.byColumn.keys()].some((name) => text.includes(JSON.stringify(name)))) return key;
  const read = readJson(text, 8);
  const members = read.kind === 'value' && read.value.kind === 'object' ? read.value.entries : [];
  const names = members.map((member) => member.key);
  const isPlain =
    names.length > 0 &&
    new Set(names).size === names.length &&
    keyColumns.every((name) => names.includes(name)) &&
    members.every(({ key: name, value }) => isPlainName(name) && isScalar(value) && (!masks.byColumn.has(name) || isMaskable(value)));
  if (!isPlain) {
    const whole = masks.wholeKey === null ? null : createHmac('sha256', masks.wholeKey).update(key).digest('hex');
    return Buffer.from(JSON.stringify({ [wholeKeyMember]: whole }));
  }
  const masked = members.map(({ key: name, value }) => {
    const mask = masks.byColumn.get(name);
    return `${JSON.stringify(name)}:${mask && value.kind === 'string' ? JSON.stringify(maskText(mask, value.value)) : scalarText(value)}`;
  });
  return Buffer.from(`{${masked.join(',')}}`);
}

/** A bound of a range delete as it lands: values of masked columns masked, of unknown ones dropped. Null for none. */
export function maskBound(masks: ColumnMasks, bound: JsonValue): JsonValue {
  const nothing: JsonValue = { kind: 'null' };
  const values = memberOf(bound, 'values');
  if (values?.kind !== 'array') return bound;
  const plain = new Set(plainNames(masks));
  const valueOf = (name: JsonValue | undefined, value: JsonValue | undefined): JsonValue => {
    if (name?.kind !== 'string' || !value) return nothing;
    const mask = masks.keyColumns.includes(name.value) ? masks.byColumn.get(name.value) : undefined;
    if (mask && value.kind === 'string') return { kind: 'string', value: maskText(mask, value.value) ?? '' };
    return plain.has(name.value) ? value : nothing;
  };
  const parts = values.items.map((item): JsonValue => {
    const [name, value, type] = ['name', 'value', 'type'].map((part) => memberOf(item, part));
    const entries = [
      { key: 'name', value: name ?? nothing },
      { key: 'value', value: valueOf(name, value) },
      { key: 'type', value: type ?? nothing },
    ];
    return { kind: 'object', entries };
  });
  const entries = [
    { key: 'method', value: memberOf(bound, 'method') ?? nothing },
    { key: 'values', value: { kind: 'array', items: parts } as const },
  ];
  return { kind: 'object', entries };
}

/** Columns of the contract without a mask. */
export function plainNames({ known, byColumn, inside }: ColumnMasks): readonly string[] {
  return [...known].filter((name) => !byColumn.has(name) && !inside.has(name));
}

function memberOf(value: JsonValue, name: string): JsonValue | undefined {
  return value.kind === 'object' ? value.entries.find(({ key }) => key === name)?.value : undefined;
}

/** Names that need no escape in a path. */
export const plainNamePattern = '^[A-Za-z0-9_$ .-]+$';

function isPlainName(name: string): boolean {
  return new RegExp(plainNamePattern).test(name);
}

function isScalar(value: JsonValue): boolean {
  return value.kind !== 'object' && value.kind !== 'array';
}

function isMaskable(value: JsonValue): boolean {
  return value.kind === 'string' || value.kind === 'null';
}

function scalarText(value: JsonValue): string {
  if (value.kind === 'string') return JSON.stringify(value.value);
  if (value.kind === 'number') return value.text;
  return value.kind === 'boolean' ? String(value.value) : 'null';
}
