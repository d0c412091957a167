// Tables and what is known of them, for tests of the policy.

import { closedPolicy, type AccessPolicy, type MaskAction } from '../../catalog/policy/access-policy.ts';
import type { KnownTable, maskedColumns } from '../../catalog/policy/classified-columns.ts';
import { trinoMask, type MaskTree } from '../../catalog/policy/trino-mask.ts';
import type { RulesTable, trinoRules } from '../../catalog/policy/trino-rules.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { IcebergType, Schema, StructField, StructType } from '../../lake/iceberg/schema.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';

let fieldId = 100;
export const field = (name: string, type: IcebergType = 'string'): StructField => ({ id: ++fieldId, name, required: false, type });
export const struct = (...fields: readonly StructField[]): StructType => ({ type: 'struct', fields });
export const schemaOf = (...fields: readonly StructField[]): Schema => ({ type: 'struct', 'schema-id': 0, fields });
export const column = (name: string, pii: string | null = null, classification: string | null = null, tags: readonly string[] = []) => ({
  column: name,
  classification,
  pii,
  tags,
});

export function metadataOf(schema: Schema, older: readonly Schema[] = []): TableMetadata {
  const made = createMetadata({ uuid: '0be3c2a5-e2ac-4bf3-8a98-687d5c638a87', location: 's3://lake/t', schema }, 1);
  if (made.kind !== 'applied') throw new Error(made.message);
  return { ...made.metadata, schemas: [{ ...schema, 'schema-id': 9 }, ...older], 'current-schema-id': 9 };
}

export function table(name: string, metadata: TableMetadata, known: KnownTable | null = { columns: [], key: [] }): RulesTable {
  return { ident: { namespace: ['raw'], name }, metadata, known };
}

export const raw = (...columns: readonly StructField[]) =>
  schemaOf(
    ...rawSchema.fields,
    { ...field('source', struct(field('lsn', 'long'))), id: 90 },
    { ...field('after', struct(...columns)), id: 91 },
  );
export const users: KnownTable = { columns: [column('id'), column('email', 'email'), column('city')], key: ['id'] };
export const masks = (found: ReturnType<typeof maskedColumns>) =>
  Object.fromEntries((found ?? []).map(({ name, type, tree }) => [name, type === null ? 'NULL' : trinoMask(name, type, tree)]));

export const value = (action: MaskAction): MaskTree => ({ kind: 'value', action });

export const closed = closedPolicy;
export const showing: AccessPolicy = { ...closed, masks: [{ pii: 'email', mask: 'show-last-4' }] };

export function ruleOf(name: string, { rules }: ReturnType<typeof trinoRules>): Record<string, unknown> | undefined {
  return rules['tables']?.find((rule) => typeof rule['table'] === 'string' && new RegExp(rule['table']).test(name));
}

/** Empty: shown as it is. */
export function maskOf(name: string, rule: Record<string, unknown> | undefined): string {
  const columns = (rule?.['columns'] ?? []) as readonly { readonly name: string; readonly mask: string }[];
  return columns.find((one) => one.name === name)?.mask ?? '';
}
