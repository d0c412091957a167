// OpenLineage events, as far as Foz keeps what they say: which job read and wrote which datasets, when, whose job it is, other
// names of a dataset, and which columns an output is made of. Everything else in them is allowed and left alone.
// Spec: https://openlineage.io/spec/2-0-2/OpenLineage.json; facets jobType, ownership, documentation, symlinks, columnLineage

import { isRecord, isString, type Json } from '../../lake/iceberg/read-metadata.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import type { ColumnMap, ColumnSource, JobInfo, LineageName } from '../store/lineage-store.ts';
import { lineageKey } from '../store/lineage-store.ts';
import { lineageLimits } from './lineage-limits.ts';

export interface EventDataset extends LineageName {
  /** Other names of the same dataset. */
  readonly symlinks: readonly LineageName[];
  /** Of an output; null where the event does not say, or says more than is kept. */
  readonly columns: ColumnMap | null;
}

export interface LineageEvent {
  readonly kind: 'run' | 'job' | 'dataset';
  readonly time: EpochMs;
  /** Of a run event: whether the run is over. */
  readonly isComplete: boolean;
  /** Null for a dataset event. */
  readonly job: (LineageName & { readonly info: JobInfo | null }) | null;
  readonly inputs: readonly EventDataset[];
  /** Of a dataset event: the dataset. */
  readonly outputs: readonly EventDataset[];
}

const eventTypes: ReadonlySet<unknown> = new Set(['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER']);
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Spec: RFC 3339. */
const dateTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** Throws SyntaxError with the place, `[3].job.name must be …`; `now` bounds the event's time. */
export function readLineageEvent(value: unknown, place: string, now: EpochMs): LineageEvent {
  if (!isRecord(value)) throw new SyntaxError(`${place} must be an OpenLineage event, an object`);
  const at = (name: string): string => (place === 'event' ? name : `${place}.${name}`);
  const time = timeOf(value['eventTime'], at('eventTime'), now);
  if (!isString(value['producer'])) throw new SyntaxError(`${at('producer')} must be a URI`);
  if (value['job'] === undefined && value['run'] === undefined && value['dataset'] !== undefined) {
    const dataset = readDataset(value['dataset'], at('dataset'));
    return { kind: 'dataset', time, isComplete: false, job: null, inputs: [], outputs: [dataset] };
  }
  const { run, eventType } = value;
  if (run !== undefined) {
    if (!isRecord(run) || !isString(run['runId']) || !uuid.test(run['runId'])) throw new SyntaxError(`${at('run.runId')} must be a UUID`);
    if (eventType !== undefined && !eventTypes.has(eventType))
      throw new SyntaxError(`${at('eventType')} must be one of ${[...eventTypes].join(', ')}`);
  }
  const inputs = readDatasets(value['inputs'], at('inputs'));
  const outputs = readDatasets(value['outputs'], at('outputs'));
  if (inputs.length + outputs.length > lineageLimits.datasets)
    throw new SyntaxError(`${place} names ${inputs.length + outputs.length} datasets; at most ${lineageLimits.datasets} are taken`);
  const job = readJob(value['job'], at('job'));
  return { kind: run === undefined ? 'job' : 'run', time, isComplete: eventType === 'COMPLETE', job, inputs, outputs };
}

function timeOf(value: unknown, place: string, now: EpochMs): EpochMs {
  const time = isString(value) && dateTime.test(value) ? Date.parse(value.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(time)) throw new SyntaxError(`${place} must be a date-time with a time zone, as 2026-11-21T12:00:00Z`);
  if (time > now + lineageLimits.aheadMs)
    throw new SyntaxError(`${place} lies more than a day ahead of the catalog's clock: nothing said later would count`);
  return Math.max(0, time);
}

function readJob(value: unknown, place: string): LineageEvent['job'] {
  const name = readName(value, place);
  const facets = recordIn(value, 'facets');
  const type = recordIn(facets, 'jobType')?.['jobType'];
  const owners = listIn(recordIn(facets, 'ownership'), 'owners').flatMap((owner) =>
    isRecord(owner) && isString(owner['name']) ? [owner['name'].slice(0, lineageLimits.nameLength)] : [],
  );
  const description = recordIn(facets, 'documentation')?.['description'];
  const info: JobInfo = {
    type: isString(type) ? type.slice(0, lineageLimits.nameLength) : null,
    owners: owners.slice(0, lineageLimits.owners),
    description: isString(description) ? description.slice(0, lineageLimits.descriptionLength) : null,
  };
  const isSilent = info.type === null && info.owners.length === 0 && info.description === null;
  return { ...name, info: isSilent ? null : info };
}

function readDatasets(value: unknown, place: string): readonly EventDataset[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new SyntaxError(`${place} must be a list of datasets`);
  return value.map((item: unknown, index) => readDataset(item, `${place}[${index}]`));
}

function readDataset(value: unknown, place: string): EventDataset {
  const name = readName(value, place);
  const facets = recordIn(value, 'facets');
  const symlinks = listIn(recordIn(facets, 'symlinks'), 'identifiers').map((item, index) =>
    readName(item, `${place}.facets.symlinks.identifiers[${index}]`),
  );
  const lineage = recordIn(facets, 'columnLineage');
  return { ...name, symlinks, columns: lineage === null ? null : readColumns(lineage, `${place}.facets.columnLineage`) };
}

function readColumns(facet: Json, place: string): ColumnMap | null {
  const datasets = new Map<string, { readonly index: number; readonly name: LineageName }>();
  const sourcesOf = (value: unknown, where: string): readonly ColumnSource[] => {
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw new SyntaxError(`${where} must be a list of input fields`);
    return value.map((item: unknown, index): ColumnSource => {
      const name = readName(item, `${where}[${index}]`);
      const field = isRecord(item) ? item['field'] : undefined;
      if (!isName(field)) throw new SyntaxError(`${where}[${index}].field must be the name of a column`);
      const known = datasets.get(lineageKey(name)) ?? { index: datasets.size, name };
      datasets.set(lineageKey(name), known);
      return [known.index, field];
    });
  };
  const fields = facet['fields'];
  if (!isRecord(fields)) throw new SyntaxError(`${place}.fields must be an object`);
  const read = Object.entries(fields).map(([field, of]): readonly [string, readonly ColumnSource[]] => {
    if (!isName(field)) throw new SyntaxError(`${place}.fields has a name that no column can have`);
    return [field, sourcesOf(isRecord(of) ? of['inputFields'] : null, `${place}.fields.${field}.inputFields`)];
  });
  const whole = sourcesOf(facet['dataset'], `${place}.dataset`);
  const map: ColumnMap = { datasets: [...datasets.values()].map(({ name }) => name), fields: Object.fromEntries(read), whole };
  const count = read.reduce((sum, [, sources]) => sum + sources.length, whole.length);
  const isKept = count <= lineageLimits.columnSources && JSON.stringify(map).length <= lineageLimits.columnMapCharacters;
  return isKept ? map : null;
}

function readName(value: unknown, place: string): LineageName {
  if (!isRecord(value)) throw new SyntaxError(`${place} must be an object with namespace and name`);
  const { namespace, name } = value;
  if (!isName(namespace)) throw new SyntaxError(`${place}.namespace must be text of 1 to ${lineageLimits.nameLength} characters`);
  if (!isName(name)) throw new SyntaxError(`${place}.name must be text of 1 to ${lineageLimits.nameLength} characters`);
  return { namespace, name };
}

/** No control characters: keys of the store are joined by one. */
function isName(value: unknown): value is string {
  return isString(value) && value !== '' && value.length <= lineageLimits.nameLength && !/\p{Cc}/u.test(value) && value.isWellFormed();
}

function recordIn(holder: unknown, name: string): Json | null {
  const value = isRecord(holder) && Object.hasOwn(holder, name) ? holder[name] : undefined;
  return isRecord(value) ? value : null;
}

function listIn(holder: Json | null, name: string): readonly unknown[] {
  const value = holder?.[name];
  return Array.isArray(value) ? value : [];
}
