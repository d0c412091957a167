// What a schema error means to a person: the setting, what was expected there, what stands there, and the mend.

import { isRecord } from './options.ts';

export interface SchemaError {
  readonly keyword: string;
  readonly path: readonly (string | number)[];
  readonly params: Readonly<Record<string, unknown>>;
  /** The schema whose keyword complained. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly data: unknown;
}

export interface Description {
  readonly message: string;
  readonly expected: string;
  readonly found: string;
  readonly mend: string;
  /** The key in question, where it is not the last of the path. */
  readonly key?: string;
}

/** `reference`: the text as written, where a value came from the environment or a file; the value itself is not shown then. */
export function describeProblem(error: SchemaError, reference: string | undefined): Description {
  const name = error.path.join('.') || 'the file';
  const found = reference ?? foundText(error);
  const title = textOf(error.schema['title']) ?? 'another value';
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(error);
    case 'required': {
      const key = textOf(error.params['missingProperty']) ?? '';
      const full = [...error.path, key].join('.');
      const schema = propertiesOf(error.schema)[key];
      const expected = isRecord(schema) ? (textOf(schema['title']) ?? 'a value') : 'a value';
      const purpose = isRecord(schema) ? textOf(schema['description']) : undefined;
      return {
        message: `${full} is missing${purpose ? ` (${purpose})` : ''}`,
        expected,
        found: 'nothing',
        mend: `add ${key}: under ${name}`,
      };
    }
    case 'discriminator':
      return unknownKind(error, name);
    case 'enum': {
      const choices = listOf(error.schema['enum']);
      const close = typeof error.data === 'string' ? closest(error.data, choices) : undefined;
      return {
        message: `${name} is not one of its choices`,
        expected: choices.join(', '),
        found,
        mend: close ? `did you mean ${close}?` : `write one of ${choices.join(', ')}`,
      };
    }
    default:
      return { message: `${name} is not ${title}`, expected: title, found, mend: `write ${title}` };
  }
}

function unknownKey(error: SchemaError): Description {
  const key = textOf(error.params['additionalProperty']) ?? '';
  const known = Object.keys(propertiesOf(error.schema));
  const close = closest(key, known);
  return {
    key,
    message: `${[...error.path, key].join('.')} is not a setting`,
    expected: `one of ${known.join(', ')}`,
    found: key,
    mend: close ? `did you mean ${close}?` : 'remove it',
  };
}

function unknownKind(error: SchemaError, name: string): Description {
  const kinds = (Array.isArray(error.schema['oneOf']) ? error.schema['oneOf'] : [])
    .map((variant: unknown) => (isRecord(variant) ? propertiesOf(variant)['kind'] : undefined))
    .flatMap((kind: unknown) => (isRecord(kind) && typeof kind['const'] === 'string' ? [kind['const']] : []));
  const value = error.params['tagValue'];
  const close = typeof value === 'string' ? closest(value, kinds) : undefined;
  return {
    message: `${name}.kind says none of the known kinds`,
    expected: `kind: ${kinds.join(' or ')}`,
    found: value === undefined ? 'no kind' : `kind: ${shorten(value)}`,
    mend: close ? `did you mean kind: ${close}?` : `write kind: ${kinds.join(' or kind: ')}`,
  };
}

function foundText(error: SchemaError): string {
  if (error.schema['writeOnly'] === true) return `a ${kindOf(error.data)} (not shown: it is a secret)`;
  return `${shorten(error.data)} (${kindOf(error.data)})`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (isRecord(value)) return 'group';
  return typeof value === 'string' ? 'text' : typeof value;
}

function shorten(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
}

function propertiesOf(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isRecord(schema['properties']) ? schema['properties'] : {};
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The nearest of `known` by edits, when it is near enough to be what was meant. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, edits: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best && best.edits <= Math.max(1, Math.floor(Math.min(word.length, best.candidate.length) / 2.5)) ? best.candidate : undefined;
}

/** Levenshtein, with a swap of neighbours as one edit. Words are short. */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (__, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, cell(i - 2, j - 2) + 1);
      const row = rows[i];
      if (row) row[j] = edits;
    }
  }
  return cell(a.length, b.length);
}
