// Everything that a file can measure, in the order that the schema and the documentation list it.

import type { CdcMeasure } from '../../check.ts';
import { figuresOfColumns, timeForms } from './figure-forms.ts';
import type { Form } from './form.ts';
import { historyForms } from './history-forms.ts';
import { rowForms } from './row-forms.ts';

const schema: Form = {
  key: 'schema',
  doc: 'Differences between the table’s columns and the contract in force.',
  value: { enum: ['contract'], title: 'contract' },
  takes: 'nothing',
  read: () => ({ kind: 'schema' }),
  print: (measure) => (measure.kind === 'schema' ? { schema: 'contract' } : null),
};

export const cdcMeasures: Readonly<Record<CdcMeasure, string>> = {
  offsetGaps: 'offsets that no commit covers',
  offsetDuplicates: 'offsets in two commits',
  deletePropagation: 'keys deleted in the source and still in the current view, or the reverse',
  rescuedRows: 'rows in _rescued: what the typed columns could not hold',
  violatingRows: 'rows in _violations: what breaks a rule of the contract',
  sourceLag: 'seconds: how far the lake is behind the source',
  logLag: 'records of the log not yet in the table',
  slotRetainedWal: 'WAL bytes that the replication slot holds back',
  retentionHeadroom: 'seconds until the log’s retention reaches what is not yet in the table',
  connectorsDown: 'connectors and tasks that do not run',
  smallFiles: 'files well below the target size',
  orphanObjects: 'objects that no metadata names, older than a day',
  reconcile: 'rows that the source and the lake do not share',
};

const cdcNames = Object.keys(cdcMeasures).filter(isCdcMeasure);

function isCdcMeasure(name: string): name is CdcMeasure {
  return name in cdcMeasures;
}

const cdc: Form = {
  key: 'cdc',
  doc: 'The pipeline itself, from the log to the table.',
  value: { enum: cdcNames, title: `one of ${cdcNames.join(', ')}` },
  takes: 'nothing',
  read: (item) => ({ kind: 'cdc', of: cdcNames.find((name) => name === item['cdc']) ?? 'reconcile' }),
  print: (measure) => (measure.kind === 'cdc' ? { cdc: measure.of } : null),
};

export const forms: readonly Form[] = [...rowForms, ...figuresOfColumns, ...timeForms, ...historyForms, schema, cdc];
