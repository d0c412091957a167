// What is shown of a failing row: the table's key, the columns that the check is about, and where the row stands in the
// log. Of personal data only whether there is a value.

import type { ContractInForce } from '../../catalog/contracts.ts';
import { plainText, shownText, type CheckDialect } from '../measure/check-dialect.ts';
import { columnPlace } from '../measure/column-place.ts';
import { rowAlias, type ShownColumn } from '../measure/measure-part.ts';
import type { Check } from '../check.ts';
import type { PinnedTable } from '../engine.ts';
import { carriers, personalColumns } from './personal-columns.ts';

export interface Shown {
  readonly names: readonly string[];
  /** One text, or null, a column. */
  readonly texts: readonly string[];
  readonly masked: readonly string[];
  /** The same, as values and not as text. */
  readonly values: readonly string[];
  readonly isFloating: readonly boolean[];
}

export const maskedText = '***';
/** Where no contract says what the key is. */
const usualKey = ['id'];

export function shownColumns(
  about: readonly ShownColumn[],
  {
    table,
    view,
    contract,
    dialect,
  }: {
    readonly table: PinnedTable;
    readonly view: Check['view'];
    readonly contract: ContractInForce | null;
    readonly dialect: CheckDialect;
  },
): Shown {
  const personal = personalColumns(contract);
  const keys = (contract?.table.columns ?? [])
    .filter(({ keyPosition }) => keyPosition !== null)
    .toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0))
    .map(({ name }) => name);
  const chosen = new Map<string, ShownColumn>();
  for (const name of [...(keys.length === 0 ? usualKey : keys), ...about.map((column) => column.name), '_log_partition', '_log_offset']) {
    const found = columnPlace(table.schema, view, name, rowAlias);
    if (found.kind === 'place') chosen.set(name, { name, place: found.place });
  }
  const columns = [...chosen.values()];
  const isMasked = ({ name, place }: ShownColumn) => isPersonalPlace(name, place.column, personal);
  return {
    names: columns.map(({ name }) => name),
    values: columns.map((column) => (isMasked(column) ? maskedSql(column.place.sql) : column.place.sql)),
    texts: columns.map((column) => {
      const { sql, type } = column.place;
      if (isMasked(column)) return maskedSql(sql);
      return typeof type === 'string' && type !== 'string' ? plainText(sql, type, dialect) : shownText(sql, type, dialect);
    }),
    masked: columns.filter(isMasked).map(({ name }) => name),
    isFloating: columns.map(({ place }) => place.type === 'double' || place.type === 'float'),
  };
}

function maskedSql(sql: string): string {
  return `CASE WHEN ${sql} IS NULL THEN NULL ELSE '${maskedText}' END`;
}

function isPersonalPlace(name: string, column: string | null, personal: ReadonlySet<string>): boolean {
  if (column !== null) return personal.has(column);
  return personal.size > 0 && carriers.has(name.split('.')[0] ?? name);
}
