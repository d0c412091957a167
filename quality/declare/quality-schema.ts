// The JSON Schema of a file of checks, made from the forms: editors complete by it (cli/quality.schema.json), the reader
// judges by it.

import { isJsonObject, type JsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import { samplesDefault, samplesMax } from './defaults.ts';
import { forms } from './forms/forms.ts';
import { sqlLengthMax, type Form } from './forms/form.ts';
import { thresholdForms, thresholdPattern } from './threshold-text.ts';
import { whenForms } from './when-text.ts';

export const checksMax = 500;

export const severities = ['info', 'warning', 'error'] as const;
export const dimensions = ['accuracy', 'completeness', 'conformity', 'consistency', 'coverage', 'timeliness', 'uniqueness'] as const;

const oneOf = (values: readonly string[], description: string): JsonObject => ({
  enum: values,
  title: `one of ${values.join(', ')}`,
  description,
});

const threshold = (description: string): JsonObject => ({
  anyOf: [{ type: 'number' }, { type: 'string', pattern: thresholdPattern, maxLength: 100 }],
  title: `a threshold: ${thresholdForms}`,
  description,
});

const must = threshold('What must hold; else the check fails.');

const when: JsonObject = { type: 'string', minLength: 1, maxLength: 200, title: `when: ${whenForms}`, description: 'When it is due.' };
const owner: JsonObject = { type: 'string', minLength: 1, maxLength: 200, title: 'text', description: 'Who is asked when it fails.' };
const engine = oneOf(['duckdb', 'trino'], 'What computes it; default: duckdb, in this process.');
const severity = oneOf(severities, 'How bad a failure is; default: error. A failed info fails no run.');
const samples: JsonObject = {
  type: 'integer',
  minimum: 0,
  maximum: samplesMax,
  title: `a whole number from 0 to ${samplesMax}`,
  description: `Failing rows shown, at most; default: ${samplesDefault}.`,
};

const commonKeys: Readonly<Record<string, JsonObject>> = {
  name: {
    type: 'string',
    pattern: '^[a-z0-9][a-z0-9_-]{0,99}$',
    title: 'a name: lower-case letters, digits, _ and -',
    description: 'What results and alerts call it; told from the measure when absent. Keep it when a threshold changes.',
  },
  description: { type: 'string', minLength: 1, maxLength: 1_000, title: 'text', description: 'For people: why it must hold.' },
  should: threshold('What should hold; else the check warns.'),
  severity,
  dimension: oneOf(dimensions, 'Dimension of quality; told from the measure when absent.'),
  when,
  engine,
  owner,
  tags: {
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 100 },
    maxItems: 20,
    uniqueItems: true,
    title: 'a list of at most 20 words',
  },
};

const viewKey = oneOf(['current', 'raw'], 'One row a key, or rows as they landed; default: current where rows are looked at.');
const whereKey: JsonObject = {
  type: 'string',
  minLength: 1,
  maxLength: sqlLengthMax,
  title: 'a SQL condition',
  description: 'Which rows; default: all.',
};
const scopeKey = oneOf(['all', 'new'], 'new: only what changed since the snapshot checked last; default: all.');

export function formSchema(form: Form): JsonObject {
  const isMust = form.value === 'must';
  const properties: JsonObject = {
    [form.key]: { ...(form.value === 'must' ? must : form.value), description: form.doc },
    ...form.keys,
    ...(isMust ? {} : { must }),
    ...(form.takes === 'rows' || form.takes === 'filtered' ? { where: whereKey } : {}),
    ...(form.takes === 'nothing' ? {} : { view: viewKey }),
    ...(form.takes === 'rows' ? { scope: scopeKey } : {}),
    ...(showsRows(form) ? { samples } : {}),
    ...commonKeys,
  };
  return {
    type: 'object',
    title: `a check of ${form.key}`,
    properties,
    required: [form.key, ...(form.required ?? [])],
    additionalProperties: false,
  };
}

export function showsRows(form: Form): boolean {
  return form.takes === 'rows' || form.key === 'failedRows';
}

/** Everything but the checks, each of which has a schema of its own. */
export const fileSchema: JsonObject = {
  type: 'object',
  title: 'checks of a table',
  properties: {
    table: {
      type: 'string',
      pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$',
      title: 'the name of a table in the lake',
      description: 'Which table is checked: users is raw.users and current.users.',
    },
    owner: { ...owner, description: 'Of every check that names none.' },
    severity: { ...severity, description: 'Of every check that names none; default: error.' },
    when: { ...when, description: 'Of every check that says none.' },
    engine: { ...engine, description: 'Of every check that names none; default: duckdb.' },
    samples: { ...samples, description: `Of every check that says none; default: ${samplesDefault}.` },
    checks: { type: 'array', minItems: 1, maxItems: checksMax, title: `a list of at most ${checksMax} checks` },
  },
  required: ['table', 'checks'],
  additionalProperties: false,
};

/** cli/quality.schema.json: the same, what every check has in common written once. */
export function qualitySchema(): JsonObject {
  const shared = new Map<JsonValue, string>(
    Object.entries({ ...commonKeys, must, samples, where: whereKey, view: viewKey, scope: scopeKey }).map(([name, schema]) => [
      schema,
      name,
    ]),
  );
  const once = (value: JsonValue): JsonValue => {
    const name = shared.get(value);
    if (name !== undefined) return { $ref: `#/definitions/${name}` };
    if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, once(inner)]));
    return Array.isArray(value) ? value.map(once) : value;
  };
  const { properties } = fileSchema;
  const items: JsonObject = { anyOf: forms.map((form) => once(formSchema(form))) };
  const checks: JsonObject = { type: 'array', minItems: 1, maxItems: checksMax, title: 'the checks', items };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'quality.schema.json',
    ...fileSchema,
    properties: { ...(isJsonObject(properties) ? properties : {}), checks },
    definitions: Object.fromEntries([...shared].map(([schema, name]) => [name, schema])),
  };
}
