// The measurer of what the offset chain answers: holes and overlaps between commits, and how far the table is behind its
// log. No data file is read.

import { readChain, summaryKeys, type NextOffsets } from '../../lake/raw/offset-chain.ts';
import { mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { CdcMeasure, Check } from '../check.ts';
import type { Finding, Measurer, MeasureSession } from '../measurer.ts';
import { chainCoverage, stretchText, type ChainCoverage, type Stretch } from './chain-coverage.ts';
import type { PipelineView, TableLog } from './pipeline-view.ts';

const ofChain: ReadonlySet<CdcMeasure> = new Set(['offsetGaps', 'offsetDuplicates', 'logLag', 'sourceLag', 'retentionHeadroom']);

export function chainMeasurer(pipeline: PipelineView): Measurer {
  return {
    name: 'chain',
    answers: (measure) => measure.kind === 'cdc' && ofChain.has(measure.of),
    measure: async (checks, session, signal) => {
      const found = new Map<string, Finding>();
      let log: Promise<TableLog | null> | null = null;
      for (const check of checks) {
        const of = cdcOf(check);
        if (of === 'offsetGaps' || of === 'offsetDuplicates') found.set(check.id, ofCoverage(of, session));
        else if (of !== null)
          found.set(check.id, await ofLog(of, session, await (log ??= pipeline.log(session.table.name, signal)), signal));
      }
      return found;
    },
  };
}

function cdcOf({ measure }: Check): CdcMeasure | null {
  return measure.kind === 'cdc' ? measure.of : null;
}

const shownMax = 5;

function ofCoverage(of: 'offsetGaps' | 'offsetDuplicates', { table }: MeasureSession): Finding {
  const coverage = chainCoverage(table.table.metadata);
  const stretches = of === 'offsetGaps' ? coverage.missing : coverage.repeated;
  const records = stretches.reduce((sum, { from, to }) => sum + (to - from), 0n);
  if (coverage.commits === 0) return { kind: 'unknown', reason: 'no commit of the log is among the snapshots that the table still has' };
  if (coverage.broken !== null && records === 0n && of === 'offsetGaps')
    return { kind: 'error', reason: `the offset chain is broken: ${coverage.broken}` };
  return {
    kind: 'measured',
    measured: { value: Number(records), text: null, total: Number(coverage.offsets), exactness: 'exact', by: 'chain' },
    failing: null,
    keys: [],
    reason: coverageText(of, stretches, coverage),
  };
}

function coverageText(of: 'offsetGaps' | 'offsetDuplicates', stretches: readonly Stretch[], { commits, offsets }: ChainCoverage): string {
  const looked = `${offsets} offsets of the ${commits} commits that the table still knows`;
  if (stretches.length === 0) return `none in ${looked}`;
  const shown = stretches.slice(0, shownMax).map(stretchText).join(', ');
  const rest = stretches.length > shownMax ? ` and ${stretches.length - shownMax} more` : '';
  return `${of === 'offsetGaps' ? 'in no commit' : 'in two commits'}: ${shown}${rest}; of ${looked}`;
}

async function ofLog(of: CdcMeasure, session: MeasureSession, log: TableLog | null, signal: AbortSignal): Promise<Finding> {
  if (log === null) return { kind: 'skipped', reason: 'no topic feeds this table, or it does not exist' };
  const state = readChain(session.table.table.metadata);
  if (state.kind === 'broken') return { kind: 'error', reason: `the offset chain is broken: ${state.reason}` };
  const next = positions(state.kind === 'valid' ? state.chain.next : new Map(), log);
  const behind = recordsBehind(next, log);
  if (of === 'logLag') return chainFigure(Number(behind), `${behind} records of ${log.topic} are not in the table yet`);
  const now = session.clock.now();
  const oldest = behind === 0n ? null : await log.oldestUnreadAt(next, signal);
  if (of === 'sourceLag') return sourceLag(session.table.table.metadata, now, behind, oldest);
  return retentionHeadroom(log, now, behind, oldest);
}

/** Where the table goes on, by log partition: what it never read starts at the log's start. */
function positions(next: NextOffsets, log: TableLog): ReadonlyMap<number, bigint> {
  const own = next.get(log.topicId);
  return new Map([...log.partitions].map(([partition, { logStart }]) => [partition, own?.get(partition) ?? logStart]));
}

function recordsBehind(next: ReadonlyMap<number, bigint>, log: TableLog): bigint {
  let behind = 0n;
  for (const [partition, { highWatermark }] of log.partitions) {
    const position = next.get(partition) ?? 0n;
    if (position < highWatermark) behind += highWatermark - position;
  }
  return behind;
}

/** Behind the log: as old as the oldest record not here. Not behind: nothing that the log has is missing. */
function sourceLag(metadata: TableMetadata, now: number, behind: bigint, oldest: number | null): Finding {
  if (behind === 0n) return chainFigure(0, 'everything that the log holds is in the table');
  if (oldest !== null)
    return chainFigure(Math.max(0, now - oldest) / 1000, `the oldest of ${behind} records not in the table is from ${iso(oldest)}`);
  const changedAt = Number(mainSnapshot(metadata)?.summary[summaryKeys.changedAtMax] ?? Number.NaN) / 1000;
  if (!Number.isFinite(changedAt))
    return { kind: 'unknown', reason: `${behind} records are not in the table, and nothing says how old they are` };
  return chainFigure(
    Math.max(0, now - changedAt) / 1000,
    `${behind} records behind; the newest change in the table is from ${iso(changedAt)}`,
    'upper',
  );
}

function retentionHeadroom({ topic, retentionMs }: TableLog, now: number, behind: bigint, oldest: number | null): Finding {
  if (retentionMs === null) return { kind: 'skipped', reason: `${topic} is kept without a time limit (retention.ms)` };
  if (behind === 0n) return chainFigure(retentionMs / 1000, 'everything that the log holds is in the table');
  if (oldest === null) return { kind: 'unknown', reason: `${behind} records are not in the table, and nothing says how old they are` };
  const leftMs = oldest + retentionMs - now;
  return chainFigure(leftMs / 1000, `${behind} records are not in the table; retention reaches the oldest at ${iso(oldest + retentionMs)}`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function chainFigure(value: number, reason: string, exactness: 'exact' | 'upper' = 'exact'): Finding {
  return { kind: 'measured', measured: { value, text: null, total: null, exactness, by: 'chain' }, failing: null, keys: [], reason };
}
