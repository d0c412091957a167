// Stored records of lineage, read back from their JSON text.

import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import type { ColumnMap, ColumnSource, JobInfo, LineageName, SeenDataset, SeenEdge, SeenJob } from './lineage-store.ts';
import { readStoredJson } from './stored-json.ts';

export function readDataset(text: string): SeenDataset {
  return read(text, 'dataset', isDataset);
}

export function readJob(text: string): SeenJob {
  return read(text, 'job', isJob);
}

export function readEdge(text: string): SeenEdge {
  return read(text, 'edge', isEdge);
}

function read<T>(text: string, what: string, isIt: (value: unknown) => value is T): T {
  const value: unknown = readStoredJson(text);
  if (isIt(value)) return value;
  throw new LakeError('CATALOG_REFUSED', `a stored ${what} of the lineage is malformed: ${text.slice(0, 200)}`);
}

function isDataset(value: unknown): value is SeenDataset {
  return isName(value) && isRecord(value) && isTextOrNull(value['lakeTable']) && typeof value['seen'] === 'number';
}

function isJob(value: unknown): value is SeenJob {
  return (
    isName(value) &&
    isRecord(value) &&
    (value['info'] === null || isInfo(value['info'])) &&
    isTimeOrNull(value['infoSeen']) &&
    isTimeOrNull(value['staticSeen'])
  );
}

function isEdge(value: unknown): value is SeenEdge {
  return (
    isRecord(value) &&
    isName(value['job']) &&
    isName(value['dataset']) &&
    (value['direction'] === 'in' || value['direction'] === 'out') &&
    (value['columns'] === null || isColumnMap(value['columns'])) &&
    ['runSeen', 'staticSeen', 'columnsSeen', 'bareSeen'].every((name) => isTimeOrNull(value[name]))
  );
}

function isInfo(value: unknown): value is JobInfo {
  return (
    isRecord(value) &&
    isTextOrNull(value['type']) &&
    isTextOrNull(value['description']) &&
    Array.isArray(value['owners']) &&
    value['owners'].every((owner) => typeof owner === 'string')
  );
}

function isColumnMap(value: unknown): value is ColumnMap {
  return (
    isRecord(value) &&
    Array.isArray(value['datasets']) &&
    value['datasets'].every(isName) &&
    isSources(value['whole']) &&
    isRecord(value['fields']) &&
    Object.values(value['fields']).every(isSources)
  );
}

function isSources(value: unknown): value is readonly ColumnSource[] {
  return (
    Array.isArray(value) && value.every((source) => Array.isArray(source) && typeof source[0] === 'number' && typeof source[1] === 'string')
  );
}

function isName(value: unknown): value is LineageName {
  return isRecord(value) && typeof value['namespace'] === 'string' && typeof value['name'] === 'string';
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || typeof value === 'number';
}
