// Which versions a view keeps: the newest ones, the current one always, and what a commit has just added. The log then
// begins after the last entry whose version is gone, so that it never tells of one that nobody can look up. The version and
// the schema with the highest id stay in any case: an id is never given out twice.

import type { ViewMetadata } from './view-metadata.ts';

const historySizeProperty = 'version.history.num-entries';
const historySizeDefault = 10;
/** More than any view needs; bounds what one commit can make every later one carry. */
const historySizeMax = 1000;

/** The metadata with fewer versions, the very object when none has to go; or what is wrong with the view's own setting. */
export function expireViewVersions(metadata: ViewMetadata, added: ReadonlySet<number>): ViewMetadata | string {
  const size = historySize(metadata.properties);
  if (typeof size === 'string') return size;
  const current = metadata['current-version-id'];
  const keptMax = Math.max(size, new Set([...added, current]).size);
  if (metadata.versions.length <= keptMax) return metadata;
  const newest = metadata.versions.map((version) => version['version-id']).toSorted((a, b) => b - a);
  const others = newest.filter((id) => id !== current);
  const kept = new Set([current, ...newest.slice(0, 1), ...others.slice(0, keptMax - 1)]);
  const versions = metadata.versions.filter((version) => kept.has(version['version-id']));
  const log = metadata['version-log'];
  const firstKept = log.findLastIndex((entry) => !kept.has(entry['version-id'])) + 1;
  return { ...metadata, versions, 'version-log': log.slice(firstKept), schemas: schemasOf({ ...metadata, versions }) };
}

/** Schemas go with their versions. */
function schemasOf({ schemas, versions }: ViewMetadata): ViewMetadata['schemas'] {
  const used = new Set(versions.map((version) => version['schema-id']));
  const highest = Math.max(...schemas.map((schema) => schema['schema-id']));
  return schemas.filter((schema) => used.has(schema['schema-id']) || schema['schema-id'] === highest);
}

function historySize(properties: Readonly<Record<string, string>>): number | string {
  const text = Object.hasOwn(properties, historySizeProperty) ? properties[historySizeProperty] : undefined;
  if (text === undefined) return historySizeDefault;
  const size = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(size > 0)) return `${historySizeProperty} must be positive but was ${text.slice(0, 40)}`;
  return Math.min(size, historySizeMax);
}
