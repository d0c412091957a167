// What a file that was just written says of its rows and their contract: counts for the snapshot's summary, and rows that
// stop the table. A file without violations is known by its figures alone.

import { literal } from '../../lake/parquet/duckdb-type.ts';
import type { ReportedStats } from '../../lake/parquet/file-metrics.ts';
import { quarantinedRule } from '../../lake/raw/raw-schema.ts';
import type { Shape } from '../../lake/raw/shape.ts';
import type { Duckdb, DuckdbValue } from '../decode/duckdb.ts';
import type { Enforcement } from './enforced-columns.ts';
import type { Enforcer } from './enforcer.ts';
import type { JudgeTally } from './judge-tally.ts';
import { mostFrequent, rulesNamedMax } from './judged-summary.ts';
import type { HaltingRow } from './pinned-contract.ts';
import { standInNames, standInsUnder } from './stand-in-masks.ts';

export interface RowsEnforcement extends Enforcement {
  readonly enforcer: Enforcer;
}

export interface FileJudged {
  readonly violating: number;
  readonly quarantined: number;
  readonly byRule: ReadonlyMap<string, number>;
  readonly halting: readonly HaltingRow[];
  /** Columns masked as others that are absent, with their masks. */
  readonly standIns: ReadonlyMap<string, string>;
}

const clean: Omit<FileJudged, 'standIns'> = { violating: 0, quarantined: 0, byRule: new Map(), halting: [] };

/** Rules counted in one file. */
const rulesCountedMax = 10 * rulesNamedMax;

/** By the file's figures alone. */
function violationsIn(stats: ReportedStats): number | null {
  const rules = stats.get('"_violations"."element"."rule"') ?? stats.get('"_violations"."list"."element"."rule"');
  return rules === undefined ? null : Number(rules.get('num_values')) - Number(rules.get('null_count'));
}

/** `shapes`: that the rows may have. */
export async function judgedIn(
  duckdb: Duckdb,
  path: string,
  stats: ReportedStats,
  enforcement: RowsEnforcement | null,
  shapes: readonly Shape[],
  tally: JudgeTally | null,
  accepted: ReadonlyMap<number, bigint> | undefined,
): Promise<FileJudged> {
  const counted = await violationsOf(duckdb, path, stats, enforcement, tally, accepted);
  return { ...counted, standIns: await standInsIn(duckdb, path, enforcement, shapes) };
}

/** Of shapes that rows of the file really have. */
async function standInsIn(
  duckdb: Duckdb,
  path: string,
  enforcement: RowsEnforcement | null,
  shapes: readonly Shape[],
): Promise<ReadonlyMap<string, string>> {
  const { masks, maskNames } = enforcement?.enforcer ?? {};
  if (!masks || !maskNames) return new Map();
  const suspects = shapes.map((shape) => [shape.number, standInsUnder(masks, shape)] as const).filter(([, found]) => found.size > 0);
  if (suspects.length === 0) return new Map();
  const numbers = await duckdb.query(`SELECT DISTINCT _shape FROM read_parquet(${literal(path)}) WHERE _shape IS NOT NULL`);
  const used = new Set(numbers.map(([number]) => Number(number)));
  return new Map(suspects.flatMap(([number, found]) => (used.has(number) ? [...standInNames(found, maskNames)] : [])));
}

async function violationsOf(
  duckdb: Duckdb,
  path: string,
  stats: ReportedStats,
  enforcement: RowsEnforcement | null,
  tally: JudgeTally | null,
  accepted: ReadonlyMap<number, bigint> | undefined,
): Promise<Omit<FileJudged, 'standIns'>> {
  const entries = violationsIn(stats);
  if (!enforcement || entries === 0) return clean;
  const breaksHalting = enforcement.enforcer.hasPolicy('halt', '[v]');
  if (tally?.entries === entries && breaksHalting === null) {
    const { violating, quarantined, byRule } = tally;
    return { violating, quarantined, byRule: new Map(mostFrequent(byRule, rulesCountedMax)), halting: [] };
  }
  const from = `read_parquet(${literal(path)})`;
  const [counts] = await duckdb.query(
    `SELECT count(*) FILTER (WHERE len(_violations) > 0), count(*) FILTER (WHERE _violations[1]."rule" = ${literal(quarantinedRule)}) FROM ${from}`,
  );
  const [violating = 0, quarantined = 0] = (counts ?? []).map(Number);
  const byRule = await duckdb.query(
    `SELECT concat_ws(' ', nullif(v.property, ''), v."rule") AS name, count(*) AS n FROM (SELECT unnest(_violations) AS v FROM ${from}) WHERE v."rule" <> ${literal(quarantinedRule)} GROUP BY name ORDER BY n DESC LIMIT ${rulesCountedMax}`,
  );
  return {
    violating,
    quarantined,
    byRule: new Map(byRule.map(([name, count]) => [String(name), Number(count)])),
    halting: breaksHalting === null ? [] : await haltingIn(duckdb, from, breaksHalting, accepted ?? new Map()),
  };
}

/** Of each log partition the first row that breaks a rule of policy halt. */
async function haltingIn(
  duckdb: Duckdb,
  from: string,
  breaksOne: string,
  accepted: ReadonlyMap<number, bigint>,
): Promise<readonly HaltingRow[]> {
  const isAccepted = [...accepted].map(([partition, offset]) => ` AND NOT (p = ${partition} AND o < ${offset})`).join('');
  const rows = await duckdb.query(
    `SELECT p, min(o), arg_min(v, o), arg_min(t, o) FROM (
       SELECT _log_partition AS p, _log_offset AS o, epoch_ms(_log_time) AS t, unnest(_violations) AS v FROM ${from} WHERE len(_violations) > 0)
     WHERE ${breaksOne}${isAccepted} GROUP BY p ORDER BY p`,
  );
  return rows.map(([partition, offset, violation, logTime]) => ({
    partition: Number(partition),
    offset: BigInt(String(offset)),
    logTime: Number(logTime),
    property: textIn(violation, 'property'),
    rule: textIn(violation, 'rule'),
    message: textIn(violation, 'message'),
  }));
}

function textIn(value: DuckdbValue | undefined, name: string): string {
  if (typeof value !== 'object' || value === null) return '';
  const text: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return typeof text === 'string' ? text : '';
}
