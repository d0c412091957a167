// CHECK constraints and comments against what the contract says. A contract may well promise more than the database keeps: a
// rule that no constraint stands behind is none of drift's business. What is told: a constraint that lets through what the
// contract forbids, one that the contract could take over, and one that it keeps as text and that is another now, or gone.

import type { SourceTable } from '../../sources/source.ts';
import type { ContractTable } from '../contract.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import type { checksOf } from './draft-contract.ts';
import type { AddDrift } from './drift.ts';
import { mergeKeywords } from './merge-keywords.ts';

/** Of one column; `found` is its name in the source. */
export function checkDrift(
  found: string,
  schema: JsonObject | null,
  statement: string,
  { keywords }: ReturnType<typeof checksOf>,
  add: AddDrift,
): void {
  const checked = keywords.get(found);
  if (checked === undefined || schema === null) return;
  const said = flat(schema);
  const report = (kind: 'check-added' | 'check-loosened' | 'check-tightened' | 'check-changed', keyword: string, source: JsonObject) => {
    const [expected, now] = [textOf(pick(said, keyword)), textOf(source)];
    const isWorse = kind === 'check-loosened' || kind === 'check-changed';
    const mend = isWorse
      ? `Write ${now} in the contract, or tighten the constraint: ${statement} ADD CHECK (…);`
      : `The contract may say ${now}: the source keeps it.`;
    add(kind, isWorse ? 'warning' : 'info', expected, `CHECK: ${now}`, mend);
  };
  for (const side of ['minimum', 'maximum'] as const) {
    const [source, contract] = [boundOf(checked, side, said), boundOf(said, side, said)];
    if (source === null) continue;
    const shown = pick(checked, side);
    if (contract === null) report('check-added', side, shown);
    else {
      const order = compareBounds(source, contract) * (side === 'minimum' ? 1 : -1);
      if (order !== 0) report(order < 0 ? 'check-loosened' : 'check-tightened', side, shown);
    }
  }
  for (const keyword of ['minLength', 'maxLength'] as const) {
    const [source, contract] = [checked[keyword], said[keyword]];
    if (typeof source !== 'number') continue;
    if (typeof contract !== 'number') report('check-added', keyword, { [keyword]: source });
    else if (source !== contract)
      report(source < contract === (keyword === 'minLength') ? 'check-loosened' : 'check-tightened', keyword, { [keyword]: source });
  }
  listDrift(checked, said, report);
  const { pattern } = checked;
  if (pattern !== undefined && pattern !== said['pattern'])
    report(said['pattern'] === undefined ? 'check-added' : 'check-changed', 'pattern', { pattern });
}

type Report = (kind: 'check-added' | 'check-loosened' | 'check-tightened', keyword: string, source: JsonObject) => void;

function listDrift({ enum: source }: JsonObject, { enum: contract }: JsonObject, report: Report): void {
  if (!Array.isArray(source)) return;
  if (!Array.isArray(contract)) return report('check-added', 'enum', { enum: source });
  const [listed, told] = [new Set(source), new Set(contract.filter((value: JsonValue) => value !== null))];
  if ([...listed].some((value) => !told.has(value))) report('check-loosened', 'enum', { enum: source });
  else if (listed.size < told.size) report('check-tightened', 'enum', { enum: source });
}

/** Constraints that the contract keeps as text, under the constraint's name (foz contract draft writes them so). */
export function textCheckDrift(
  table: ContractTable,
  { quality }: ReturnType<typeof checksOf>,
  source: SourceTable,
  statement: string,
  add: AddDrift,
): void {
  const checks = new Map(quality.filter(isJsonObject).map((rule) => [rule['name'], rule['description']]));
  const all = new Set((source.checks ?? []).map(({ name }) => name));
  const kept = new Map(
    table.quality
      .filter(isJsonObject)
      .filter(isTextCheck)
      .map((rule) => [rule['name'], rule['description']]),
  );
  for (const [name, description] of kept) {
    const found = checks.get(name);
    const rule = String(description);
    if (found === description) continue;
    const write = `${statement} ADD CONSTRAINT ${String(name)} ${rule};`;
    if (found !== undefined)
      add('check-changed', 'warning', rule, String(found), `Write the rule ${String(name)} as it is now in the contract's quality.`);
    else if (!all.has(String(name)))
      add(
        'check-dropped',
        'warning',
        rule,
        `no constraint ${String(name)}`,
        `Bring it back: ${write} Or take it out of the contract's quality.`,
      );
  }
  for (const [name, description] of checks) {
    if (kept.has(name)) continue;
    const mend = `Write it into the contract's quality, as { type: text, name: ${String(name)}, description: … }.`;
    add('check-added', 'info', `no rule ${String(name)}`, String(description), mend);
  }
}

function isTextCheck({ type, description }: JsonObject): boolean {
  return type === 'text' && typeof description === 'string' && description.startsWith('CHECK ');
}

/** A comment that differs; a description where the source has no comment is the contract's own. */
export function commentDrift(comment: string | undefined, description: string | null, on: string, add: AddDrift): void {
  if (comment === undefined || comment === description) return;
  const write = description === null ? '' : ` Or in the source: COMMENT ON ${on} IS ${literal(description)};`;
  const mend = `Write description: ${JSON.stringify(comment.slice(0, 200))} in the contract.${write}`;
  add('comment-changed', 'info', description === null ? 'no description' : excerpt(description), excerpt(comment), mend);
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function excerpt(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** With what stands in `allOf`, as far as keywords merge. */
function flat(schema: JsonObject): JsonObject {
  const { allOf, ...rest } = schema;
  return (Array.isArray(allOf) ? allOf : []).filter(isJsonObject).reduce((merged: JsonObject, part) => mergeKeywords(merged, part), rest);
}

interface Bound {
  readonly value: number;
  readonly isExclusive: boolean;
}

/** The tighter of the two ways to say it; of integers, always the inclusive one. */
function boundOf(schema: JsonObject, side: 'minimum' | 'maximum', typed: JsonObject): Bound | null {
  const [inclusive, exclusive] = [schema[side], schema[side === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum']];
  const step = side === 'minimum' ? 1 : -1;
  const bounds: Bound[] = [];
  if (typeof inclusive === 'number') bounds.push({ value: inclusive, isExclusive: false });
  if (typeof exclusive === 'number')
    bounds.push(isInteger(typed) ? { value: exclusive + step, isExclusive: false } : { value: exclusive, isExclusive: true });
  const [first, second] = bounds;
  if (!first || !second) return first ?? null;
  return compareBounds(first, second) * step > 0 ? first : second;
}

/** Below zero: the first lies lower, or at the same number takes it in as a minimum. */
function compareBounds(a: Bound, b: Bound): number {
  return a.value - b.value || Number(a.isExclusive) - Number(b.isExclusive);
}

function isInteger({ type }: JsonObject): boolean {
  return type === 'integer' || (Array.isArray(type) && type.includes('integer'));
}

function pick(schema: JsonObject, keyword: string): JsonObject {
  const exclusive = keyword === 'minimum' ? 'exclusiveMinimum' : keyword === 'maximum' ? 'exclusiveMaximum' : keyword;
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name === keyword || name === exclusive));
}

function textOf(schema: JsonObject): string {
  const parts = Object.entries(schema).map(([keyword, value]) => `${keyword}: ${JSON.stringify(value)}`);
  return parts.length === 0 ? 'no such rule' : excerpt(parts.join(', '));
}
