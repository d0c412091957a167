// What a contract declares, as checks: the quality rules of its tables and of their properties, and its service levels.
// Whatever nothing here measures comes back as not executed, with the reason.

import type { Contract, ContractTable } from '../../contracts/contract.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import type { Severity } from '../check.ts';
import { measureName, slug } from './check-name.ts';
import { contractLines, type Place } from './contract-lines.ts';
import { readLevels } from './contract-levels.ts';
import type { Declared } from './declared.ts';
import { checkOf, nameFor, originOf, textAt, textsAt, warn, whenOf, type Declaring } from './declaring.ts';
import { defaultDimension, defaultWhen } from './defaults.ts';
import { readRule, type RulePlace } from './odcs-rule.ts';
import { dimensions } from './quality-schema.ts';

export interface DeclaringContract {
  readonly contract: Contract;
  /** As it was registered or read; null where only the contract is at hand: then nothing has a line. */
  readonly document: { readonly name: string; readonly text: string } | null;
}

export function contractChecks({ contract, document }: DeclaringContract): Declared {
  const lines = document && contractLines(document.text, document.name);
  const state: Declaring = {
    contract,
    document: document?.name ?? `contract ${contract.id} ${contract.version}`,
    lines,
    names: new Set(),
    checks: [],
    notExecuted: [],
    serviceLevels: [],
    problems: [],
  };
  for (const table of contract.tables) {
    table.quality.forEach((rule, index) => readAt(state, { table, names: [], rule, index, place: { column: null, schema: null } }));
    readProperties(state, table, table.body, []);
  }
  readLevels(state);
  const { checks, notExecuted, serviceLevels, problems } = state;
  return { checks, notExecuted, serviceLevels, problems };
}

const depthMax = 16;

/** Rules of properties stand in the body, as what the standard says beside the schema. */
function readProperties(state: Declaring, table: ContractTable, body: JsonValue, names: readonly string[]): void {
  const properties = isJsonObject(body) ? body['properties'] : undefined;
  if (!isJsonObject(properties) || names.length > depthMax) return;
  for (const [name, schema] of Object.entries(properties)) {
    if (!isJsonObject(schema)) continue;
    const path = [...names, name];
    const place = { column: path.join('.'), schema };
    rulesIn(schema).forEach((rule, index) => readAt(state, { table, names: path, rule, index, place }));
    readProperties(state, table, schema, path);
    for (const inside of ['items', 'additionalProperties']) {
      const within = schema[inside];
      const where = `${place.column} is a list or a map: a rule about what it holds is not executed; say it as sql`;
      if (isJsonObject(within))
        rulesIn(within).forEach((rule, index) => leaveOut(state, { table, names: path, rule, index, place }, where));
    }
  }
}

function rulesIn(schema: JsonObject): readonly JsonValue[] {
  const kept = schema['x-odcs'];
  const rules = isJsonObject(kept) ? kept['quality'] : undefined;
  return Array.isArray(rules) ? rules : [];
}

interface RuleAt {
  readonly table: ContractTable;
  readonly names: readonly string[];
  readonly rule: JsonValue;
  readonly index: number;
  readonly place: RulePlace;
}

function readAt(state: Declaring, at: RuleAt): void {
  const { table, rule, place } = at;
  if (!isJsonObject(rule)) return;
  const reading = readRule(rule, place);
  if (reading.kind === 'notExecuted') return leaveOut(state, at, reading.reason);
  const where = state.lines?.rule(table.name, at.names, at.index) ?? null;
  const origin = originOf(state, where);
  for (const measure of reading.measures) {
    const said = textAt(rule, 'id') ?? textAt(rule, 'name');
    const name = nameFor(state, table.name, said === null ? (measureName(measure) ?? ruleName(rule, place)) : slug(said));
    state.checks.push({
      ...checkOf(state, { table: table.name, name, measure, fail: reading.fail, origin }),
      severity: severityOf(state, rule, where),
      dimension: dimensions.find((dimension) => dimension === rule['dimension']) ?? defaultDimension(measure),
      when: whenOf(state, rule, where) ?? defaultWhen(measure),
      description: textAt(rule, 'description') ?? (textAt(rule, 'id') === null ? null : textAt(rule, 'name')),
      tags: textsAt(rule, 'tags'),
    });
  }
}

function leaveOut(state: Declaring, { table, names, rule, index, place }: RuleAt, reason: string): void {
  if (!isJsonObject(rule)) return;
  const where = state.lines?.rule(table.name, names, index) ?? null;
  const said = textAt(rule, 'id') ?? textAt(rule, 'name');
  const name = nameFor(state, table.name, slug(said ?? ruleName(rule, place)));
  state.notExecuted.push({
    id: `${table.name}.${name}`,
    table: table.name,
    name,
    description: textAt(rule, 'description') ?? said ?? ruleName(rule, place),
    reason,
    severity: severityOf(state, rule, where),
    dimension: dimensions.find((dimension) => dimension === rule['dimension']) ?? null,
    origin: originOf(state, where),
  });
}

/** `invalid-values-status`, `sql-fare`. */
function ruleName(rule: JsonObject, { column }: RulePlace): string {
  const what = textAt(rule, 'metric') ?? textAt(rule, 'rule') ?? textAt(rule, 'type') ?? (rule['query'] === undefined ? 'text' : 'sql');
  return slug([what, ...(column === null ? [] : [column])].join('-'));
}

const severityWords: Readonly<Record<string, Severity>> = {
  info: 'info',
  information: 'info',
  low: 'info',
  minor: 'info',
  warning: 'warning',
  warn: 'warning',
  medium: 'warning',
  error: 'error',
  high: 'error',
  major: 'error',
  critical: 'error',
  blocker: 'error',
};

function severityOf(state: Declaring, rule: JsonObject, place: Place | null): Severity {
  const said = textAt(rule, 'severity');
  if (said === null) return 'error';
  const word = said.trim().toLowerCase();
  const known = Object.hasOwn(severityWords, word) ? severityWords[word] : undefined;
  if (known === undefined)
    warn(
      state,
      place,
      'quality-severity',
      `severity ${JSON.stringify(said.slice(0, 40))} is taken for error`,
      'Write info, warning or error.',
    );
  return known ?? 'error';
}
