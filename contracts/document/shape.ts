// What a document may hold, as data, and the walk that compares: unknown keys with the nearest known one, missing keys,
// wrong kinds, values outside a list.

import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import type { DocumentPath } from './source-text.ts';

export type Shape =
  | { readonly kind: 'any' }
  | { readonly kind: 'text'; readonly values?: readonly string[]; readonly pattern?: RegExp; readonly example?: string }
  | { readonly kind: 'number' | 'integer' | 'boolean' | 'scalar' }
  | { readonly kind: 'list'; readonly of: Shape; readonly itemsMin?: number }
  | {
      readonly kind: 'object';
      readonly keys: Readonly<Record<string, Shape>>;
      readonly required: readonly string[];
      readonly isOpen?: boolean;
    }
  /** The first whose kind of JSON value fits. */
  | { readonly kind: 'either'; readonly of: readonly Shape[] }
  /** Decided by the value itself; also how a shape contains itself. */
  | { readonly kind: 'chosen'; readonly choose: (value: JsonValue) => Shape };

export interface ShapeFinding {
  readonly rule: 'unknown-key' | 'missing-key' | 'value-kind' | 'value-choice' | 'value-form';
  readonly path: DocumentPath;
  /** Whether the key itself is wrong, or what stands at it. */
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly mend: string;
}

export function checkShape(value: JsonValue, shape: Shape, path: DocumentPath, report: (finding: ShapeFinding) => void): void {
  switch (shape.kind) {
    case 'any':
      return;
    case 'chosen':
      return checkShape(value, shape.choose(value), path, report);
    case 'either': {
      const fitting = shape.of.find((candidate) => fits(value, candidate));
      if (fitting !== undefined) return checkShape(value, fitting, path, report);
      return wrongKind(value, shape.of.map(kindText).join(' or '), path, report);
    }
    case 'list':
      if (!Array.isArray(value)) return wrongKind(value, kindText(shape), path, report);
      if (value.length < (shape.itemsMin ?? 0)) wrongKind(value, `a list of at least ${shape.itemsMin}`, path, report);
      return value.forEach((item: JsonValue, index) => checkShape(item, shape.of, [...path, index], report));
    case 'object':
      return isJsonObject(value) ? checkObject(value, shape, path, report) : wrongKind(value, kindText(shape), path, report);
    default:
      return fits(value, shape) ? checkText(value, shape, path, report) : wrongKind(value, kindText(shape), path, report);
  }
}

function checkObject(
  value: JsonObject,
  shape: Extract<Shape, { kind: 'object' }>,
  path: DocumentPath,
  report: (finding: ShapeFinding) => void,
): void {
  for (const key of shape.required) {
    if (Object.hasOwn(value, key)) continue;
    const message = `${nameOf(path)} has no ${key}`;
    report({ rule: 'missing-key', path, at: 'key', message, mend: `Add \`${key}:\`.` });
  }
  const known = Object.keys(shape.keys);
  for (const [key, inner] of Object.entries(value)) {
    const innerShape = Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
    if (innerShape !== undefined) checkShape(inner, innerShape, [...path, key], report);
    else if (shape.isOpen !== true) {
      const near = nearest(key, known);
      const mend = near === null ? 'Move it into customProperties, or remove it.' : `Did you mean \`${near}\`?`;
      report({ rule: 'unknown-key', path: [...path, key], at: 'key', message: `${nameOf(path)} has no key ${key}`, mend });
    }
  }
}

function checkText(value: JsonValue, shape: Shape, path: DocumentPath, report: (finding: ShapeFinding) => void): void {
  if (shape.kind !== 'text' || typeof value !== 'string') return;
  if (shape.values !== undefined && !shape.values.includes(value)) {
    const near = nearest(value, shape.values);
    const mend = near === null ? `Write one of: ${shape.values.join(', ')}.` : `Did you mean \`${near}\`?`;
    report({ rule: 'value-choice', path, at: 'value', message: `${nameOf(path)} cannot be ${quoted(value)}`, mend });
  }
  if (shape.pattern !== undefined && !shape.pattern.test(value)) {
    const message = `${nameOf(path)} ${quoted(value)} does not have the form expected`;
    report({ rule: 'value-form', path, at: 'value', message, mend: `Write it like ${shape.example ?? String(shape.pattern)}.` });
  }
}

function wrongKind(value: JsonValue, expected: string, path: DocumentPath, report: (finding: ShapeFinding) => void): void {
  const message = `${nameOf(path)} is ${foundText(value)}; expected ${expected}`;
  const quote = expected === 'text' && (typeof value === 'number' || typeof value === 'boolean');
  report({ rule: 'value-kind', path, at: 'value', message, mend: quote ? `Quote it: "${String(value)}".` : `Write ${expected}.` });
}

function fits(value: JsonValue, shape: Shape): boolean {
  switch (shape.kind) {
    case 'any':
    case 'chosen':
      return true;
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'integer':
      return Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'scalar':
      return typeof value !== 'object' || value === null;
    case 'list':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    case 'either':
      return shape.of.some((candidate) => fits(value, candidate));
  }
}

function kindText(shape: Shape): string {
  switch (shape.kind) {
    case 'list':
      return 'a list';
    case 'object':
      return 'a mapping';
    case 'number':
      return 'a number';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'scalar':
      return 'text, a number, true, false or null';
    default:
      return 'text';
  }
}

function foundText(value: JsonValue): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `${typeof value === 'string' ? 'text' : `a ${typeof value}`} ${quoted(value)}`;
}

function quoted(value: string | number | boolean): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** `schema[0].properties[2]`. */
export function pathText(path: DocumentPath): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

function nameOf(path: DocumentPath): string {
  return path.length === 0 ? 'the contract' : pathText(path);
}

/** The known word within two edits, if one is. */
export function nearest(word: string, known: readonly string[]): string | null {
  const scored = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase().slice(0, 60), candidate.toLowerCase()) }))
    .filter(({ distance, candidate }) => distance <= Math.min(2, Math.floor(candidate.length / 2)))
    .toSorted((left, right) => left.distance - right.distance);
  return scored[0]?.candidate ?? null;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
