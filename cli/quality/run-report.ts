// A report of a run in the format that was asked for. What goes to build servers and lineage says no more than everybody may know.

import { ownJobNamespace } from '../../catalog/lineage/consumers.ts';
import { annotations } from '../../quality/report/annotations.ts';
import { junitXml } from '../../quality/report/junit.ts';
import { openLineageEvents } from '../../quality/report/openlineage.ts';
import { publicResult, type PersonalColumns } from '../../quality/report/public-result.ts';
import type { Report } from '../../quality/report/report.ts';
import type { CheckResult } from '../../quality/result.ts';
import type { LoadedConfig } from '../config.ts';
import { lakeDataset } from '../lineage/own-lineage.ts';
import { jsonText } from '../output.ts';
import { version } from '../version.ts';

export type SharedFormat = 'junit' | 'github' | 'openlineage';

export const sharedFormats: readonly SharedFormat[] = ['junit', 'github', 'openlineage'];

export function isSharedFormat(format: unknown): format is SharedFormat {
  return sharedFormats.some((known) => known === format);
}

export function sharedReport(format: SharedFormat, report: Report, loaded: LoadedConfig, personalOf: PersonalColumns): string {
  switch (format) {
    case 'junit':
      return junitXml(toldReport(report, personalOf)).trimEnd();
    case 'github':
      return annotations(toldReport(report, personalOf));
    case 'openlineage':
      return lineageEvents(report, loaded, personalOf).map(jsonText).join('\n');
  }
}

/** A result that was kept, as the run of its own that reports tell. */
export function reportOfResult(result: CheckResult): Report {
  const { runId: id, startedAt, durationMs } = result;
  return { id, startedAt, endedAt: startedAt + durationMs, pins: new Map(), results: [result], notExecuted: [] };
}

export function lineageEvents(
  report: Report,
  { config }: Pick<LoadedConfig, 'config'>,
  personalOf: PersonalColumns,
): ReturnType<typeof openLineageEvents> {
  return openLineageEvents(toldReport(report, personalOf), {
    version: version(),
    jobNamespace: ownJobNamespace,
    dataset: (table, view) => lakeDataset(config, `${view === 'raw' ? config.lake.namespace : 'current'}.${table}`),
  });
}

function toldReport(report: Report, personalOf: PersonalColumns): Report {
  return { ...report, results: report.results.map((result) => publicResult(result, personalOf)) };
}
