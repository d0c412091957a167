// A report as annotations of a pull request, each at the line that declares the check. What passed says nothing.

import { workflowCommand, type Annotation } from '../../runtime/workflow-command.ts';
import type { Origin } from '../check.ts';
import { isBad, type CheckResult } from '../result.ts';
import { countOutcomes } from '../run/run-checks.ts';
import type { Report } from './report.ts';

export function annotations({ results, notExecuted }: Report): string {
  const lines = results.flatMap((result) => {
    const level = levelOf(result);
    const { check, outcome, reason } = result;
    return level === null ? [] : [annotation(level, check.origin, `quality: ${check.id} ${outcome}`, reason)];
  });
  const left = notExecuted.map(({ id, reason, origin }) => annotation('notice', origin, `quality: ${id} is not executed`, reason));
  const sum = Object.entries(countOutcomes(results)).map(([outcome, count]) => `${count} ${outcome}`);
  const all = [...lines, ...left];
  return all.length > 0 ? all.join('\n') : `::notice title=quality::${sum.join(', ') || 'no check is declared'}`;
}

function levelOf(result: CheckResult): Annotation['level'] | null {
  const { outcome, check } = result;
  if (isBad(result)) return outcome === 'error' || check.severity === 'error' ? 'error' : 'warning';
  return outcome === 'passed' ? null : outcome === 'warning' ? 'warning' : 'notice';
}

function annotation(level: Annotation['level'], { document: file, line }: Origin, title: string, message: string): string {
  return workflowCommand({ level, file, line, title }, message);
}
