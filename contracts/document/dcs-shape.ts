// The Data Contract Specification as far as it is read: open everywhere, but what is read must have its kind.

import type { Shape } from './shape.ts';

const text: Shape = { kind: 'text' };
const boolean: Shape = { kind: 'boolean' };
const number: Shape = { kind: 'number' };
const open: Shape = { kind: 'object', keys: {}, required: [], isOpen: true };

export const dcsTypes = (
  'number decimal numeric int integer long bigint float double string text varchar boolean timestamp timestamp_tz timestamp_ntz ' +
  'date time array map object record struct bytes variant json null'
).split(' ');

const field: Shape = { kind: 'chosen', choose: () => fieldShape() };

function fieldShape(): Shape {
  const keys: Readonly<Record<string, Shape>> = {
    type: { kind: 'text', values: dcsTypes },
    title: text,
    description: text,
    required: boolean,
    unique: boolean,
    primaryKey: boolean,
    primary: boolean,
    classification: text,
    pii: boolean,
    format: text,
    pattern: text,
    minLength: number,
    maxLength: number,
    minimum: number,
    maximum: number,
    exclusiveMinimum: number,
    exclusiveMaximum: number,
    precision: number,
    scale: number,
    enum: { kind: 'list', of: { kind: 'scalar' } },
    tags: { kind: 'list', of: text },
    examples: { kind: 'list', of: { kind: 'any' } },
    quality: { kind: 'list', of: open },
    fields: fieldsShape(),
    items: field,
    keys: field,
    values: field,
    $ref: text,
  };
  return { kind: 'object', keys, required: [], isOpen: true };
}

/** Any names, each a field. */
function fieldsShape(): Shape {
  return {
    kind: 'chosen',
    choose: (value) => {
      const names = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
      return { kind: 'object', keys: Object.fromEntries(names.map((name) => [name, field])), required: [], isOpen: true };
    },
  };
}

function byName(of: Shape): Shape {
  return {
    kind: 'chosen',
    choose: (value) => {
      const names = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
      return { kind: 'object', keys: Object.fromEntries(names.map((name) => [name, of])), required: [] };
    },
  };
}

const model: Shape = {
  kind: 'object',
  keys: {
    type: { kind: 'text', values: ['table', 'view', 'object'] },
    title: text,
    description: text,
    fields: fieldsShape(),
    primaryKey: { kind: 'list', of: text },
    quality: { kind: 'list', of: open },
    tags: { kind: 'list', of: text },
  },
  required: [],
  isOpen: true,
};

export const dcsShape: Shape = {
  kind: 'object',
  keys: {
    dataContractSpecification: { kind: 'text', values: ['1.2.1', '1.2.0', '1.1.0', '0.9.3', '0.9.2', '0.9.1', '0.9.0'] },
    id: text,
    info: {
      kind: 'object',
      keys: { title: text, version: text, status: text, description: text, owner: text, contact: open },
      required: ['title', 'version'],
      isOpen: true,
    },
    servers: byName({ kind: 'object', keys: { type: text }, required: ['type'], isOpen: true }),
    terms: open,
    models: byName(model),
    definitions: byName(field),
    servicelevels: byName(open),
    tags: { kind: 'list', of: text },
    links: open,
  },
  required: ['dataContractSpecification', 'id', 'info'],
  isOpen: true,
};
