// A contract while its declarations are read: what came of them so far, and the parts that rules and service levels share.

import type { Contract } from '../../contracts/contract.ts';
import type { JsonObject } from '../../contracts/json-schema.ts';
import type { Check, Measure, Origin, Threshold, When } from '../check.ts';
import type { ContractLines, Place } from './contract-lines.ts';
import type { DeclarationProblem, DeclaredLevel, NotExecuted } from './declared.ts';
import { defaultDimension, defaultView, defaultWhen, samplesDefault } from './defaults.ts';
import { readWhen } from './when-text.ts';

export interface Declaring {
  readonly contract: Contract;
  readonly document: string;
  readonly lines: ContractLines | null;
  /** Ids given so far. */
  readonly names: Set<string>;
  readonly checks: Check[];
  readonly notExecuted: NotExecuted[];
  readonly serviceLevels: DeclaredLevel[];
  readonly problems: DeclarationProblem[];
}

/** Never one given before: the second of two gets a number. */
export function nameFor(state: Declaring, table: string, wanted: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted.slice(0, 95)}-${number}`;
    const id = `${table}.${name}`;
    if (state.names.has(id)) continue;
    state.names.add(id);
    return name;
  }
}

interface CheckParts {
  readonly table: string;
  readonly name: string;
  readonly measure: Measure;
  readonly fail: Threshold;
  readonly origin: Origin;
}

export function checkOf({ contract }: Declaring, { table, name, measure, fail, origin }: CheckParts): Check {
  return {
    id: `${table}.${name}`,
    name,
    table,
    view: defaultView(measure),
    measure,
    filter: null,
    fail,
    warn: null,
    severity: 'error',
    dimension: defaultDimension(measure),
    scope: 'all',
    when: defaultWhen(measure),
    samplesMax: samplesDefault,
    engine: 'duckdb',
    description: null,
    owner: contract.owner,
    tags: [],
    origin,
  };
}

export function originOf({ contract, document }: Declaring, place: Place | null): Origin {
  return { document, line: place?.line ?? null, contract: { id: contract.id, version: contract.version } };
}

/** Null: the document says nothing that can be kept, so the default holds. */
export function whenOf(state: Declaring, rule: JsonObject, place: Place | null): When | null {
  const [schedule, scheduler] = [textAt(rule, 'schedule'), textAt(rule, 'scheduler')];
  if (schedule === null) return null;
  const reading = scheduler === null || scheduler.trim().toLowerCase() === 'cron' ? readWhen(schedule.trim()) : null;
  if (reading?.kind === 'when') return reading.when;
  const why = reading === null ? `there is no scheduler ${JSON.stringify(scheduler).slice(0, 40)}` : reading.message;
  warn(
    state,
    place,
    'quality-schedule',
    `${why}: it runs when such checks usually do`,
    'Write scheduler: cron and five fields in UTC, such as 0 3 * * *.',
  );
  return null;
}

export function warn({ problems, document }: Declaring, place: Place | null, rule: string, message: string, mend: string): void {
  problems.push({ rule, severity: 'warning', file: document, line: place?.line ?? 1, column: place?.column ?? 1, path: '', message, mend });
}

export function textAt(value: JsonObject, key: string): string | null {
  const text = value[key];
  return typeof text === 'string' && text !== '' ? text : null;
}

export function textsAt(value: JsonObject, key: string): readonly string[] {
  const list = value[key];
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : [];
}
