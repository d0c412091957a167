// What a commit asserts of the table before its updates apply. The swap that follows makes the assertion hold until
// the updates are visible. Spec: open-api TableRequirement

import type { Requirement } from './commit.ts';
import { sameLong, type TableMetadata } from './metadata.ts';

/** Null when it holds; else what was expected and found. */
export function failedRequirement(metadata: TableMetadata | null, requirement: Requirement): string | null {
  if (requirement.type === 'assert-create') return metadata === null ? null : 'Requirement failed: table already exists';
  if (metadata === null) return 'Requirement failed: table does not exist';
  switch (requirement.type) {
    case 'assert-table-uuid':
      return sameUuid(requirement.uuid, metadata['table-uuid'])
        ? null
        : `Requirement failed: UUID does not match: expected ${requirement.uuid}, found ${metadata['table-uuid']}`;
    case 'assert-ref-snapshot-id':
      return refProblem(metadata, requirement.ref, requirement['snapshot-id']);
    case 'assert-last-assigned-field-id':
      return same('last assigned field id', requirement['last-assigned-field-id'], metadata['last-column-id']);
    case 'assert-current-schema-id':
      return same('current schema', requirement['current-schema-id'], metadata['current-schema-id']);
    case 'assert-last-assigned-partition-id':
      return same('last assigned partition id', requirement['last-assigned-partition-id'], metadata['last-partition-id']);
    case 'assert-default-spec-id':
      return same('default partition spec', requirement['default-spec-id'], metadata['default-spec-id']);
    case 'assert-default-sort-order-id':
      return same('default sort order', requirement['default-sort-order-id'], metadata['default-sort-order-id']);
  }
}

function refProblem(metadata: TableMetadata, name: string, expected: number | bigint | null): string | null {
  const ref = Object.hasOwn(metadata.refs, name) ? metadata.refs[name] : undefined;
  if (expected === null) return ref === undefined ? null : `Requirement failed: ${ref.type} ${name} was created concurrently`;
  if (ref === undefined) return `Requirement failed: branch or tag ${name} is missing, expected ${expected}`;
  return sameLong(ref['snapshot-id'], expected) ? null : differs(`${ref.type} ${name}`, expected, ref['snapshot-id']);
}

function same(what: string, expected: number, found: number): string | null {
  return expected === found ? null : differs(what, expected, found);
}

function differs(what: string, expected: string | number | bigint, found: string | number | bigint): string {
  return `Requirement failed: ${what} changed: expected ${expected}, found ${found}`;
}

function sameUuid(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
