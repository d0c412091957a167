// From checks to findings: measurers are asked in order, each for what nobody before it settled, and what is settled is
// handed on at once, so that it is kept whatever happens to the rest. A call that fails or takes too long is made again for
// each half of its checks, down to the one that cannot be measured: a bad statement costs its own check.

import { LakeError } from '../../runtime/errors.ts';
import type { Check } from '../check.ts';
import { countsRows } from '../check.ts';
import { judge } from '../judge.ts';
import type { Finding, Measurer, MeasureSession } from '../measurer.ts';
import { withinTime } from './time-limit.ts';

export interface Settled {
  readonly check: Check;
  readonly finding: Finding;
  readonly durationMs: number;
}

export interface MeasureParts {
  readonly measurers: readonly Measurer[];
  readonly session: MeasureSession;
  /** Of one call, and so of one check. */
  readonly checkTimeoutMs: number;
}

/** Every check exactly once. Throws only when the signal aborts. */
export async function* measureChecks(
  checks: readonly Check[],
  parts: MeasureParts,
  signal: AbortSignal,
): AsyncGenerator<readonly Settled[]> {
  let open = checks;
  const fallbacks = new Map<string, Settled>();
  for (const measurer of parts.measurers) {
    const asked = open.filter(({ measure }) => measurer.answers(measure));
    if (asked.length === 0) continue;
    const settled: Settled[] = [];
    for (const found of await ask(measurer, asked, parts, signal)) {
      if (isSettled(found)) settled.push(bestOf(found, fallbacks.get(found.check.id)));
      else fallbacks.set(found.check.id, bestOf(found, fallbacks.get(found.check.id)));
    }
    const done = new Set(settled.map(({ check }) => check.id));
    open = open.filter(({ id }) => !done.has(id));
    if (settled.length > 0) yield settled;
  }
  if (open.length > 0) yield open.map((check) => fallbacks.get(check.id) ?? unanswered(check));
}

function unanswered(check: Check): Settled {
  return { check, durationMs: 0, finding: { kind: 'skipped', reason: `nothing here measures ${check.measure.kind}` } };
}

/** A bound that does not decide, and a failure whose rows another measurer could show, are not the last word. */
function isSettled({ check, finding }: Settled): boolean {
  if (finding.kind !== 'measured') return true;
  const judgement = judge(check, finding.measured);
  if (judgement === 'open') return false;
  const canShow = countsRows(check.measure) && check.measure.kind !== 'rowCount' && check.samplesMax > 0;
  return judgement === 'passed' || !canShow || finding.failing !== null || finding.measured.by !== 'metadata';
}

/** What decides is kept when the next measurer could not say more. */
function bestOf(found: Settled, before: Settled | undefined): Settled {
  if (before === undefined || found.finding.kind === 'measured' || before.finding.kind !== 'measured') return found;
  return judge(before.check, before.finding.measured) === 'open' ? found : before;
}

/** Those that the measurer answered, or failed at. */
async function ask(measurer: Measurer, checks: readonly Check[], parts: MeasureParts, signal: AbortSignal): Promise<readonly Settled[]> {
  const startedAt = performance.now();
  const [only] = checks;
  const what = checks.length === 1 && only ? `check ${only.id}` : `measuring ${checks.length} checks of ${parts.session.table.name}`;
  try {
    const limit = { limitMs: parts.checkTimeoutMs, what };
    const findings = await withinTime(limit, signal, (within) => measurer.measure(checks, parts.session, within));
    const durationMs = Math.round(performance.now() - startedAt);
    return checks.flatMap((check) => {
      const finding = findings.get(check.id);
      return finding === undefined ? [] : [{ check, finding, durationMs }];
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!only) return [];
    if (checks.length === 1) return [{ check: only, finding: failure(error), durationMs: Math.round(performance.now() - startedAt) }];
    const middle = Math.ceil(checks.length / 2);
    const first = await ask(measurer, checks.slice(0, middle), parts, signal);
    return [...first, ...(await ask(measurer, checks.slice(middle), parts, signal))];
  }
}

/** What is away is unknown; what cannot be done is an error. */
export function failure(error: unknown): Finding {
  if (error instanceof LakeError) return { kind: error.retry === 'backoff' ? 'unknown' : 'error', reason: mended(error) };
  return { kind: 'error', reason: error instanceof Error ? error.message : String(error) };
}

function mended({ code, message }: LakeError): string {
  if (code !== 'QUERY_INVALID' || !/type VARCHAR/.test(message) || !/explicit cast|No function matches/.test(message)) return message;
  const [first = '', ...rest] = message.split('\n');
  return [`${first}; a number without a contract that says so is text: CAST(column AS DECIMAL(18, 2))`, ...rest].join('\n');
}
