// What an object of a table is, by its name: every writer of Iceberg keeps to these.

export type ObjectKind = 'data' | 'statistics' | 'manifest' | 'list' | 'metadata' | 'unknown';

export function kindOfObject(location: string): ObjectKind {
  const name = location.slice(location.lastIndexOf('/') + 1);
  if (/\.metadata\.json(\.gz)?$|\.gz\.metadata\.json$/.test(name)) return 'metadata';
  if (/^snap-.*\.avro$/.test(name)) return 'list';
  // Wherever it lies: a table may have its manifests in any folder (`write.metadata.path`). Rows in Avro cannot be read as one, and stay.
  if (name.endsWith('.avro')) return 'manifest';
  if (/\.(stats|puffin)$/.test(name)) return location.includes('/metadata/') ? 'statistics' : 'data';
  return /\.(parquet|orc)$/.test(name) ? 'data' : 'unknown';
}
