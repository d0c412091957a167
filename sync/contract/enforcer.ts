// A contract made ready for the decoder: what it asks of rows as SQL for each shape, and which policy each broken rule has.
// Made once a version, used by every batch that has it pinned.
//
// SQL says whether a row is clean; what a row breaks is listed by the validator, which the statement calls for that row
// alone (`foz_judge`). Only where many rows break a rule does the statement list them itself: it takes as long to plan as
// some thousand rows take to write. `_violations` of a clean row is null; its one rule of ours, `quarantined`, stands first
// where the row is to be kept out of the current view.

import { isUtf8 } from 'node:buffer';
import { databaseOfBody } from '../../contracts/column-type.ts';
import { compileRules, type CompiledRules } from '../../contracts/rules/compile-rules.ts';
import type { Violation } from '../../contracts/rules/rule.ts';
import { violationType } from '../../contracts/rules/sql-rules.ts';
import { eventReader, judgedOps, type EventRow } from '../../contracts/event-row.ts';
import type { JsonSchema } from '../../contracts/json-schema.ts';
import type { ViolationPolicy } from '../../contracts/contract.ts';
import { isEnvelopeShape } from '../../lake/raw/infer-shape.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { quarantinedRule } from '../../lake/raw/raw-schema.ts';
import type { Shape, ShapeType } from '../../lake/raw/shape.ts';
import { LakeError } from '../../runtime/errors.ts';
import { columnMasks, isShown, maskNames, type ColumnMasks } from './column-masks.ts';
import type { PinnedContract } from './pinned-contract.ts';
import { partialBody, shapeWire } from './row-wire.ts';

export interface Enforcer {
  readonly contract: PinnedContract;
  /** Null where nothing is masked. */
  readonly masks: ColumnMasks | null;
  readonly maskNames: ReadonlyMap<string, string>;
  /**
   * `_violations` of a row that this shape decoded, from SQL of the decoded value; null where nothing is asked of it.
   * `isListed`: by the statement itself where it can; else, and where it cannot, `judged` is the list.
   */
  violations(shape: Shape, decoded: string, isListed: boolean, judged: string): string | null;
  /** The list of a record's value; null where it is not judged. Throws nothing. */
  judge(value: Uint8Array): readonly Violation[] | null;
  /** SQL over a list of violations: whether one of them has the policy. Null where no rule has it. */
  hasPolicy(policy: ViolationPolicy, violations: string): string | null;
}

/** Throws CONTRACT_UNENFORCEABLE. */
export function enforcerOf(contract: PinnedContract): Enforcer {
  const masks = columnMasks(contract);
  const { body } = contract.table;
  const options = {
    policy: contract.policy,
    shownInSql: (column: string, text: string) => (isShown(masks, column) ? text : 'NULL::VARCHAR'),
    shown: (column: string, text: string | null) => (isShown(masks, column) ? text : null),
  };
  const compiled = compileRules(body, options);
  const [refusal] = compiled.refused;
  if (refusal)
    throw new LakeError(
      'CONTRACT_UNENFORCEABLE',
      `contract ${contract.id} ${contract.version}: ${refusal.pointer === '' ? 'the schema' : refusal.pointer}: ${refusal.keyword}: ${refusal.reason}`,
    );
  const policies = policiesOf(compiled);
  const partial = databaseOfBody(body) === 'cassandra' ? compileRules(partialBody(body), options) : null;
  const read = eventReader(body);
  const known = new Map<string, string | null>();
  return {
    contract,
    masks,
    maskNames: maskNames(masks),
    violations: (shape, decoded, isListed, byValidator) => {
      const key = `${decoded} ${isListed} ${JSON.stringify(shape.root)}`;
      let sql = known.get(key);
      if (sql === undefined) {
        sql = eventSql(shape, decoded, isListed, body, compiled, partial);
        if (known.size < knownMax) known.set(key, sql);
      }
      return sql && sql.replaceAll(judgedPlace, () => byValidator);
    },
    judge: (value) => {
      const event = isUtf8(value) ? read(Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8')) : null;
      return event && judged(event, compiled, partial, policies);
    },
    hasPolicy: (policy, violations) => hasPolicySql(policies, policy, violations),
  };
}

/** Statements kept: shapes of a table, tried in several places. */
const knownMax = 256;

/** Stands for the validator's list, which is another expression in every batch. */
const judgedPlace = '\0judged\0';

function eventSql(
  { root }: Shape,
  decoded: string,
  isListed: boolean,
  body: JsonSchema,
  compiled: CompiledRules,
  partial: CompiledRules | null,
): string | null {
  if (!isEnvelopeShape(root) || compiled.rules.length === 0) return null;
  const after = root.fields.find((field) => field.name === 'after')?.type;
  if (!after || after.kind === 'null') return null;
  const row = `${decoded}."after"`;
  const whole = rowSql(after, row, isListed, body, compiled);
  const update = partial && rowSql(after, row, isListed, body, partial);
  const branches = [
    ...(partial === null ? [] : [`WHEN ${decoded}.op = 'u' THEN ${update ?? 'NULL'}`]),
    `WHEN ${decoded}.op IN (${judgedOps(body).map(literal).join(', ')}) THEN ${whole ?? 'NULL'}`,
  ];
  return whole === null && update === null ? null : `CASE ${branches.join(' ')} END`;
}

/** Null where the row breaks nothing. */
function rowSql(after: ShapeType, row: string, isListed: boolean, body: JsonSchema, compiled: CompiledRules): string | null {
  const { wire, unavailable } = shapeWire(body, after, row);
  const { isClean, violations, needsJudge, breaks } = compiled.sql(row, wire);
  if (isClean === 'true') return null;
  if (!isListed) return `CASE WHEN ${isClean} THEN NULL::${violationType}[] ELSE ${judgedPlace} END`;
  const others = [...unavailable, ...(needsJudge === 'false' ? [] : [needsJudge])];
  const quarantine = breaks('quarantine');
  const isQuarantined = `CASE WHEN ${quarantine} THEN ${quarantinedEntry} ELSE [] END`;
  const branches = [
    `WHEN ${isClean} THEN NULL::${violationType}[]`,
    ...(others.length === 0 ? [] : [`WHEN ${others.join(' OR ')} THEN ${judgedPlace}`]),
  ];
  return `CASE ${branches.join(' ')} ELSE ${quarantine === 'false' ? violations : `list_concat(${isQuarantined}, ${violations})`} END`;
}

const quarantineMessage = 'kept out of the current view';

const quarantinedEntry = `[struct_pack(property := '', "rule" := ${literal(quarantinedRule)}, "value" := NULL::VARCHAR, message := ${literal(quarantineMessage)})]`;

type Policies = ReadonlyMap<ViolationPolicy, ReadonlySet<string>>;

/** Rules by policy, each as place and keyword. */
function policiesOf({ rules }: CompiledRules): Policies {
  const policies = new Map<ViolationPolicy, Set<string>>();
  for (const rule of rules) {
    const property = rule.missing === null ? rule.property : [rule.property, rule.missing].filter((part) => part !== '').join('.');
    const known = policies.get(rule.policy) ?? new Set();
    policies.set(rule.policy, known.add(ruleKey(property, rule.keyword)));
  }
  return policies;
}

/** Elements of a list share their rules. */
function ruleKey(property: string, keyword: string): string {
  return `${property.replaceAll(/\[\d+\]/g, '[*]')} ${keyword}`;
}

function hasPolicySql(policies: Policies, policy: ViolationPolicy, violations: string): string | null {
  const rules = [...(policies.get(policy) ?? [])];
  if (rules.length === 0) return null;
  const key = `regexp_replace(coalesce(v.property, ''), '\\[[0-9]+\\]', '[*]', 'g') || ' ' || v."rule"`;
  return `list_has_any(list_transform(${violations}, lambda v: ${key}), [${rules.map(literal).join(', ')}])`;
}

function judged(event: EventRow, compiled: CompiledRules, partial: CompiledRules | null, policies: Policies): readonly Violation[] {
  const rules = partial && event.op === 'u' ? partial : compiled;
  // A value that was left out of the event is there all the same.
  const violations = rules.judge(event.row).filter(({ property, rule }) => rule !== 'required' || !event.unavailable.has(property));
  const isQuarantined = violations.some(({ property, rule }) => policies.get('quarantine')?.has(ruleKey(property, rule)));
  if (!isQuarantined) return violations;
  return [{ property: '', rule: quarantinedRule, value: null, message: quarantineMessage }, ...violations];
}

/** As a list of `_violations`, from JSON that JavaScript wrote. */
export const violationsStructure = JSON.stringify([{ property: 'VARCHAR', rule: 'VARCHAR', value: 'VARCHAR', message: 'VARCHAR' }]);
