// How a table is partitioned, as people write it: `date: day(_log_time)`.

import type { TableMetadata } from './metadata.ts';
import { isStruct, type StructType } from './schema.ts';
import { currentSchema } from './metadata.ts';

/** Empty: not at all. A field of a column that is gone keeps its number. */
export function partitionText(metadata: TableMetadata): readonly string[] {
  const spec = metadata['partition-specs'].find((candidate) => candidate['spec-id'] === metadata['default-spec-id']);
  const names = namesById(currentSchema(metadata), '');
  return (spec?.fields ?? [])
    .filter(({ transform }) => transform !== 'void')
    .map(({ name, transform, 'source-id': id }) => {
      const column = names.get(id) ?? `#${id}`;
      const [kind = transform, argument] = transform.split(/[[\]]/);
      const source = argument === undefined ? `${kind}(${column})` : `${kind}(${argument}, ${column})`;
      const text = transform === 'identity' ? column : source;
      return name === text ? name : `${name}: ${text}`;
    });
}

function namesById({ fields }: StructType, above: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const { id, name, type } of fields) {
    const path = above === '' ? name : `${above}.${name}`;
    names.set(id, path);
    if (isStruct(type)) for (const [inner, innerPath] of namesById(type, path)) names.set(inner, innerPath);
  }
  return names;
}
