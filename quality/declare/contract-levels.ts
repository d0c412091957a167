// The service levels of a contract: one check for each table that a level is about, or the reason why nothing measures it.

import type { Contract, ContractTable } from '../../contracts/contract.ts';
import { isJsonObject, type JsonObject } from '../../contracts/json-schema.ts';
import type { Severity } from '../check.ts';
import { slug } from './check-name.ts';
import type { Place } from './contract-lines.ts';
import { checkOf, nameFor, originOf, textAt, whenOf, type Declaring } from './declaring.ts';
import { defaultWhen } from './defaults.ts';
import { readLevel } from './service-level.ts';

export function readLevels(state: Declaring): void {
  levelsOf(state.contract).forEach((level, index) => {
    const where = state.lines?.level(index) ?? null;
    for (const { table, column, reason } of elementsOf(state.contract, level)) readLevelAt(state, { level, table, column, reason, where });
  });
}

interface LevelAt {
  readonly level: JsonObject;
  readonly table: string;
  readonly column: string | null;
  readonly reason: string | null;
  readonly where: Place | null;
}

function readLevelAt(state: Declaring, { level, table, column, reason, where }: LevelAt): void {
  const property = textAt(level, 'property') ?? '';
  const origin = originOf(state, where);
  const reading = reason === null ? readLevel(level, column) : { kind: 'notExecuted' as const, reason };
  const name = nameFor(state, table, slug(textAt(level, 'id') ?? ['sla', property, ...(column === null ? [] : [column])].join('-')));
  const id = `${table}.${name}`;
  const description = textAt(level, 'description');
  const value = levelValue(level);
  const isExecuted = reading.kind === 'level';
  if (isExecuted) {
    const when = whenOf(state, level, where) ?? defaultWhen(reading.measure);
    const parts = { table, name, measure: reading.measure, fail: reading.fail, origin };
    state.checks.push({ ...checkOf(state, parts), when, description: description ?? `service level ${property}: ${value}` });
  } else {
    const severity: Severity = 'info';
    const dimension = null;
    state.notExecuted.push({
      id,
      table,
      name,
      description: description ?? `service level ${property}: ${value}`,
      reason: reading.reason,
      severity,
      dimension,
      origin,
    });
  }
  state.serviceLevels.push({
    table,
    property,
    value,
    element: textAt(level, 'element'),
    description,
    driver: textAt(level, 'driver'),
    checkId: isExecuted ? id : null,
    reason: isExecuted ? null : reading.reason,
    origin,
  });
}

/** With what the contract's own list has no place for, where there is more. */
function levelsOf({ rest, serviceLevels }: Contract): readonly JsonObject[] {
  const whole = rest['slaProperties'];
  if (Array.isArray(whole)) return whole.filter(isJsonObject);
  return serviceLevels.map(({ property, value, unit, element }) => ({ property, value, unit, element }));
}

interface Element {
  readonly table: string;
  readonly column: string | null;
  /** Why it is nothing of the contract. */
  readonly reason: string | null;
}

/** `table`, `table.column`, or a column of any table; without one: every table. */
function elementsOf(contract: Contract, level: JsonObject): readonly Element[] {
  const preset = contract.rest['slaDefaultElement'];
  const said = textAt(level, 'element') ?? (typeof preset === 'string' ? preset : null);
  const names = contract.tables.map(({ name }) => name);
  if (names.length === 0) return [{ table: contract.id, column: null, reason: 'the contract describes no table that could be measured' }];
  if (said === null) return names.map((table) => ({ table, column: null, reason: null }));
  return said.split(',').map((part) => {
    const text = part.trim();
    const [first = '', ...rest] = text.split('.');
    const table = contract.tables.find(({ name, physicalName }) => name === first || physicalName === first);
    if (table !== undefined && (rest.length === 0 || hasColumn(table, rest[0])))
      return { table: table.name, column: rest.length === 0 ? null : rest.join('.'), reason: null };
    const owner = contract.tables.find((candidate) => hasColumn(candidate, first));
    if (table === undefined && owner !== undefined) return { table: owner.name, column: text, reason: null };
    return {
      table: table?.name ?? names[0] ?? contract.id,
      column: null,
      reason: `the contract has no ${text}: write table or table.column`,
    };
  });
}

function hasColumn({ columns }: ContractTable, name: string | undefined): boolean {
  return columns.some((column) => column.name === name);
}

function levelValue(level: JsonObject): string {
  const value = level['value'] ?? null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const unit = textAt(level, 'unit');
  return unit === null ? text : `${text} ${unit}`;
}
