// Which values are valid, in the five ways a file can say it beside `invalidValues`.

import { annotationFormats, textFormats } from '../../../contracts/formats.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../contracts/json-schema.ts';
import { linearPattern, patternLengthMax } from '../../../contracts/linear-pattern.ts';
import type { Valid } from '../../check.ts';
import { refuse, scalarsIn, scalarsSchema, textIn, type Refusal } from './form.ts';

const bound: JsonObject = { type: ['number', 'string'], maxLength: 100 };
const count: JsonObject = { type: 'integer', minimum: 0, maximum: 1_000_000_000 };

export const validKeys: Readonly<Record<string, JsonObject>> = {
  validValues: { ...scalarsSchema, description: 'The values there may be.' },
  forbiddenValues: { ...scalarsSchema, description: 'Values there may not be; all others may.' },
  pattern: {
    type: 'string',
    minLength: 1,
    maxLength: patternLengthMax,
    title: 'a regular expression (RE2)',
    description: 'Found anywhere in the text; ^ and $ for all of it.',
  },
  format: {
    enum: [...textFormats.keys()],
    title: `one of ${[...textFormats.keys()].join(', ')}`,
    description: 'What the whole text must be.',
  },
  range: {
    anyOf: [
      { type: 'string', pattern: String.raw`^[^.]*(?:\.[0-9]+)?\.\.[^.]*(?:\.[0-9]+)?$`, maxLength: 210 },
      { type: 'object', properties: { min: bound, max: bound }, minProperties: 1, additionalProperties: false },
    ],
    title: 'a range such as 0..100, 0.., ..2026-12-31 or {min: 0, max: 100}',
    description: 'Both ends belong to it: numbers, dates or times.',
  },
  length: {
    anyOf: [
      { type: 'string', pattern: String.raw`^(?:[0-9]{1,9}\.\.[0-9]{0,9}|\.\.[0-9]{1,9})$` },
      { type: 'object', properties: { min: count, max: count }, minProperties: 1, additionalProperties: false },
    ],
    title: 'a range of lengths such as 1..200',
    description: 'Characters that the text may have.',
  },
};

const names = Object.keys(validKeys);

export function readValid(item: JsonObject): Valid | Refusal {
  const said = names.filter((name) => item[name] !== undefined);
  const [first, second] = said;
  if (first === undefined) return refuse('invalidValues', 'nothing says which values are valid', `Add one of: ${names.join(', ')}.`);
  if (second !== undefined) return refuse(second, `${said.join(' and ')} in one check`, 'Make it a check for each.');
  switch (first) {
    case 'validValues':
      return { kind: 'values', values: scalarsIn(item['validValues']) };
    case 'forbiddenValues':
      return { kind: 'notValues', values: scalarsIn(item['forbiddenValues']) };
    case 'pattern': {
      const pattern = textIn(item, 'pattern');
      const compiled = linearPattern(pattern);
      return compiled.kind === 'pattern'
        ? { kind: 'pattern', pattern }
        : refuse('pattern', compiled.reason, 'Write it without look-around, back-references and counts above 1,000.');
    }
    case 'format':
      return (
        formatNamed(textIn(item, 'format')) ?? refuse('format', 'no such format', `Write one of: ${[...textFormats.keys()].join(', ')}.`)
      );
    case 'length':
      return readLength(item['length'] ?? null);
    default:
      return readRange(item['range'] ?? null);
  }
}

/** Null for a format that says nothing about which texts have it. */
export function formatNamed(format: string): Valid | null {
  return textFormats.has(format) && !annotationFormats.has(format) ? { kind: 'format', format } : null;
}

export function printValid(valid: Valid): JsonObject {
  switch (valid.kind) {
    case 'values':
      return { validValues: valid.values };
    case 'notValues':
      return { forbiddenValues: valid.values };
    case 'pattern':
      return { pattern: valid.pattern };
    case 'format':
      return { format: valid.format };
    case 'length':
      return { length: `${valid.min ?? ''}..${valid.max ?? ''}` };
    case 'range':
      return { range: rangeValue(valid.min, valid.max) };
  }
}

type Bound = number | string | null;

function readRange(value: JsonValue): Valid | Refusal {
  const { min, max } = typeof value === 'string' ? boundsIn(value) : { min: boundOf(value, 'min'), max: boundOf(value, 'max') };
  if (min === null && max === null)
    return refuse('range', 'a range without an end holds everything', 'Write at least one end: 0.. or ..100.');
  if (typeof min === 'number' && typeof max === 'number' ? min > max : typeof min === 'string' && typeof max === 'string' && min > max)
    return refuse('range', `nothing is between ${min} and ${max}`, 'Write the smaller end first.');
  if (min !== null && max !== null && typeof min !== typeof max)
    return refuse('range', 'one end is a number, the other text', 'Write both as numbers, or both as dates.');
  return { kind: 'range', min, max };
}

function boundsIn(text: string): { readonly min: Bound; readonly max: Bound } {
  const dots = text.indexOf('..');
  return { min: boundIn(text.slice(0, dots).trim()), max: boundIn(text.slice(dots + 2).trim()) };
}

function boundIn(part: string): Bound {
  if (part === '') return null;
  return isNumber(part) ? Number(part) : part;
}

function isNumber(text: string): boolean {
  return /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/.test(text);
}

function boundOf(value: JsonValue, key: string): Bound {
  const end = isJsonObject(value) ? value[key] : undefined;
  return typeof end === 'number' || typeof end === 'string' ? end : null;
}

/** The short form where it reads back as the same, else the long one. */
function rangeValue(min: Bound, max: Bound): JsonValue {
  const isPlain = (end: Bound): boolean =>
    end === null || (typeof end === 'number' ? isNumber(String(end)) : /^[^.\s][^.]*$/.test(end) && end.trim() === end && !isNumber(end));
  if (isPlain(min) && isPlain(max)) return `${min ?? ''}..${max ?? ''}`;
  return { ...(min === null ? {} : { min }), ...(max === null ? {} : { max }) };
}

function readLength(value: JsonValue): Valid | Refusal {
  const ends = typeof value === 'string' ? boundsIn(value) : { min: boundOf(value, 'min'), max: boundOf(value, 'max') };
  const min = typeof ends.min === 'number' ? ends.min : null;
  const max = typeof ends.max === 'number' ? ends.max : null;
  if (min !== null && max !== null && min > max)
    return refuse('length', `no text is ${min} to ${max} long`, 'Write the smaller number first.');
  return { kind: 'length', min, max };
}
