// What an object of a table is, by its name: every writer of Iceberg keeps to these.

export type ObjectKind = 'data' | 'statistics' | 'manifest' | 'list' | 'metadata' | 'unknown';

export function kindOfObject(location: string): ObjectKind {
  const name = location.slice(location.lastIndexOf('/') + 1);
  if (/\.metadata\.json(\.gz)?$|\.gz\.metadata\.json$/.test(name)) return 'metadata';
  if (/^snap-.*\.avro$/.test(name)) return 'list';
  if (name.endsWith('.avro')) return isInMetadata(location) ? 'manifest' : 'data';
  if (/\.(stats|puffin)$/.test(name)) return isInMetadata(location) ? 'statistics' : 'data';
  return /\.(parquet|orc)$/.test(name) ? 'data' : 'unknown';
}

function isInMetadata(location: string): boolean {
  return /\/metadata\/[^/]*$/.test(location);
}
