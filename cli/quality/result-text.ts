// Results of checks for a terminal: one line each, what failed with its rows, and a sum.

import type { NotExecuted } from '../../quality/declare/declared.ts';
import { shellText } from '../../quality/alert/message-text.ts';
import type { CheckResult, FailingRows, Outcome } from '../../quality/result.ts';
import { tableText } from '../output.ts';

const inOrder: readonly Outcome[] = ['failed', 'error', 'warning', 'unknown', 'skipped', 'learning', 'passed'];

export function resultsText(results: readonly CheckResult[], notExecuted: readonly NotExecuted[]): string {
  if (results.length === 0 && notExecuted.length === 0) return 'no check is declared: write quality/TABLE.yaml (docs/quality.md)';
  const sorted = results.toSorted((a, b) => inOrder.indexOf(a.outcome) - inOrder.indexOf(b.outcome));
  const rows = sorted.map(({ check, outcome, reason, measured }) => [
    outcomeText(outcome),
    check.id,
    reason,
    measured === null ? '–' : measured.by,
  ]);
  const failing = sorted.filter((result) => result.failing !== null && result.failing.rows.length > 0);
  return [
    results.length === 0 ? '' : tableText(['', 'check', 'found', 'by'], rows),
    ...failing.map(({ check, failing: shown }) => (shown === null ? '' : failingText(check.id, shown))),
    notExecutedText(notExecuted),
    sumText(results, notExecuted),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

export function outcomeText(outcome: Outcome): string {
  return outcome === 'failed' || outcome === 'error' ? outcome.toUpperCase() : outcome;
}

export function failingText(id: string, { columns, rows, masked, query }: FailingRows): string {
  const hidden = masked.length === 0 ? '' : ` (not shown, being personal: ${masked.join(', ')})`;
  const all = query === null ? [] : [`all of them: foz query ${shellText(query)}`];
  return [`${id}: rows that fail${hidden}`, tableText(columns, rows), ...all].join('\n');
}

function notExecutedText(rules: readonly NotExecuted[]): string {
  return rules.length === 0 ? '' : ['not executed:', ...rules.map(({ id, reason }) => `  ${id}: ${reason}`)].join('\n');
}

export function sumText(results: readonly CheckResult[], notExecuted: readonly NotExecuted[]): string {
  const counts = inOrder
    .map((outcome) => [outcome, results.filter((result) => result.outcome === outcome).length] as const)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`);
  const left = notExecuted.length === 0 ? [] : [`${notExecuted.length} not executed`];
  return `${results.length} ${results.length === 1 ? 'check' : 'checks'}: ${[...counts, ...left].join(', ') || 'nothing to do'}`;
}
