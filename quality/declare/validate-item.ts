// A JSON Schema of this room as a judge: every error of one value, in the words of configuration files. The only file of
// quality/ that knows ajv.

import { Ajv, type ErrorObject } from 'ajv';
import { isJsonObject, type JsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import { describeProblem } from '../../runtime/config-problems.ts';

export interface ItemProblem {
  readonly rule: 'unknown-key' | 'missing-key' | 'value-form';
  /** From the value judged. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly mend: string;
}

export type ItemJudge = (schema: JsonObject, value: JsonValue) => readonly ItemProblem[];

/** Compiles a schema when it is first asked for it. */
export function itemJudge(): ItemJudge {
  // The schemas are the project's own: a test holds that they are schemas.
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, strictTypes: false, validateSchema: false, meta: false });
  return (schema, value) => {
    const validate = ajv.compile(schema);
    if (validate(value)) return [];
    const errors = validate.errors ?? [];
    return errors.filter((error) => isOwn(error, errors)).map((error) => problemOf(error, value));
  };
}

/** The parts of an `anyOf` each complain; only the whole does to people. */
function isOwn({ schemaPath }: ErrorObject, all: readonly ErrorObject[]): boolean {
  return !all.some((other) => other.keyword === 'anyOf' && schemaPath.startsWith(`${other.schemaPath}/`));
}

function problemOf({ keyword, instancePath, params, parentSchema, data }: ErrorObject, value: JsonValue): ItemProblem {
  const path = pathOf(instancePath, value);
  const described = describeProblem({ keyword, path, params, schema: parentSchema ?? {}, data }, undefined);
  const { message, expected, found, key } = described;
  const mend = described.mend.charAt(0).toUpperCase() + described.mend.slice(1);
  if (keyword === 'additionalProperties')
    return {
      rule: 'unknown-key',
      path: [...path, key ?? ''],
      message: `${[...path, key].join('.')} is no key here; expected ${expected}`,
      mend,
    };
  if (keyword === 'required') return { rule: 'missing-key', path, message, mend: `Add \`${String(params['missingProperty'])}:\`.` };
  return { rule: 'value-form', path, message: `${message}; found ${found}`, mend };
}

function pathOf(pointer: string, root: JsonValue): readonly (string | number)[] {
  const path: (string | number)[] = [];
  let at: JsonValue | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(at) ? Number(name) : name);
    at = Array.isArray(at) ? at[Number(name)] : isJsonObject(at) ? at[name] : undefined;
  }
  return path;
}
