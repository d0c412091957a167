// A column's default as a JSON value, where it is a constant: `'active'::user_status`, `0`, `true`. Calls (`now()`,
// `nextval(…)`) give undefined: they are no value.

import type { JsonValue } from '../json-schema.ts';
import type { TypeKind } from '../type-table.ts';

export function columnDefault(text: string, kind: TypeKind): JsonValue | undefined {
  const bare = text.replace(/::[a-z_ ."]+(\(\d+(,\d+)?\))?$/i, '').replace(/^\((.*)\)$/, '$1');
  switch (kind) {
    case 'boolean':
      return bare === 'true' ? true : bare === 'false' ? false : undefined;
    case 'int16':
    case 'int32':
    case 'int64':
    case 'decimal':
    case 'float32':
    case 'float64': {
      const digits = bare.replace(/^'(.*)'$/, '$1');
      return /^-?\d{1,15}(\.\d{1,6})?$/.test(digits) && digits.replaceAll(/\D/g, '').length <= 15 ? Number(digits) : undefined;
    }
    case 'string':
    case 'enum':
      return /^'(?:[^']|'')*'$/.test(bare) ? bare.slice(1, -1).replaceAll("''", "'") : undefined;
    default:
      return undefined;
  }
}
