// Consumers that a contract names itself: Open Data Contract Standard has no key for those who read a product, so they stand in
// its customProperties, as
//
//   customProperties:
//     - property: consumers
//       value:
//         - { name: monthly-report, owner: finance, type: DASHBOARD, table: users, columns: [email, city] }
//
// All but the name may be left out: without a table they read every table, without columns they may read any.

import type { Contract } from './contract.ts';
import { isJsonObject, type JsonValue } from './json-schema.ts';

export interface DeclaredConsumer {
  readonly name: string;
  readonly owner: string | null;
  readonly type: string | null;
  readonly table: string | null;
  readonly columns: readonly string[] | null;
}

export function declaredConsumers({ rest }: Contract): readonly DeclaredConsumer[] {
  const custom = rest['customProperties'];
  const entries = Array.isArray(custom) ? custom.filter(isJsonObject) : [];
  const value = entries.find(({ property }) => property === 'consumers')?.['value'];
  return (Array.isArray(value) ? value : []).flatMap((item: JsonValue) => declaredConsumer(item) ?? []);
}

/** Null for what is none. */
export function declaredConsumer(value: JsonValue): DeclaredConsumer | null {
  if (!isJsonObject(value)) return null;
  const { name, owner = null, type = null, table = null, columns = null, ...others } = value;
  if (!isText(name) || Object.keys(others).length > 0) return null;
  if (!isTextOrNull(owner) || !isTextOrNull(type) || !isTextOrNull(table)) return null;
  if (columns !== null && !(Array.isArray(columns) && columns.every(isText))) return null;
  return { name, owner, type, table, columns };
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isTextOrNull(value: JsonValue): value is string | null {
  return value === null || isText(value);
}
