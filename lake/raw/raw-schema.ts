// The columns every raw table starts with. `before`, `after`, `source`, `transaction`, `message`, `envelope_ts` (topics
// of Debezium envelopes) or `value` (other topics) are added when the first record that has them is seen: their types
// come from the shapes. No column is called `date`: that is the partition field's name.

import type { PartitionSpec } from '../iceberg/metadata.ts';
import type { Schema, StructField, StructType } from '../iceberg/schema.ts';

const fields: readonly StructField[] = [
  { id: 1, name: '_log_partition', required: true, type: 'int', doc: 'Log partition of the record' },
  { id: 2, name: '_log_offset', required: true, type: 'long', doc: 'Offset in the log partition' },
  { id: 3, name: '_log_time', required: true, type: 'timestamptz', doc: 'When the broker appended the record' },
  { id: 4, name: '_log_key', required: false, type: 'binary', doc: 'Record key, byte for byte' },
  { id: 5, name: '_record_time', required: false, type: 'timestamptz', doc: 'Producer time, where the log time is the receive time' },
  {
    id: 6,
    name: '_headers',
    required: false,
    doc: 'Record headers in order, duplicates kept; null when there are none',
    type: {
      type: 'list',
      'element-id': 7,
      'element-required': true,
      element: {
        type: 'struct',
        fields: [
          { id: 8, name: 'key', required: false, type: 'string' },
          { id: 9, name: 'value', required: false, type: 'binary' },
        ],
      },
    },
  },
  { id: 10, name: 'op', required: false, type: 'string', doc: 'Debezium operation; null for a tombstone and for what is not an envelope' },
  { id: 11, name: 'changed_at', required: false, type: 'timestamptz', doc: 'Source commit time (source.ts_us)' },
  {
    id: 12,
    name: '_shape',
    required: false,
    type: 'int',
    doc: 'Shape that decoded this row (table property foz.shapes); null for tombstones and rescued rows',
  },
  {
    id: 13,
    name: '_rescued',
    required: false,
    doc: 'The exact record value where typed columns cannot hold it; base64 when the reason begins with not-utf8',
    type: {
      type: 'struct',
      fields: [
        { id: 14, name: 'text', required: false, type: 'string' },
        { id: 15, name: 'reason', required: false, type: 'string' },
      ],
    },
  },
  {
    id: 16,
    name: '_violations',
    required: false,
    doc: 'Contract rules that this row breaks; null when clean',
    type: {
      type: 'list',
      'element-id': 17,
      'element-required': true,
      element: {
        type: 'struct',
        fields: [
          { id: 18, name: 'property', required: false, type: 'string' },
          { id: 19, name: 'rule', required: false, type: 'string' },
          { id: 20, name: 'value', required: false, type: 'string' },
          { id: 21, name: 'message', required: false, type: 'string' },
        ],
      },
    },
  },
];

export const rawSchema: Schema = { type: 'struct', 'schema-id': 0, fields };

/** Partition field `date` = day(_log_time): arrival date, bounded and monotone. */
export const rawPartitionSpec: PartitionSpec = {
  'spec-id': 0,
  fields: [{ 'source-id': 3, 'field-id': 1000, name: 'date', transform: 'day' }],
};

/** Structs that hold a row of the source; `value` is one on topics without envelopes alone. */
export const rowStructs: ReadonlySet<string> = new Set(['before', 'after', 'value']);

export function isRawSchema({ fields: columns }: StructType): boolean {
  return columns.some(({ name }) => name === '_log_offset');
}

/** They say where a record stood and when, never what was in it: no classification of the source's columns is about them. */
export const columnsWithoutContent: ReadonlySet<string> = new Set([
  '_log_partition',
  '_log_offset',
  '_log_time',
  '_record_time',
  'op',
  'changed_at',
  '_shape',
  'source',
  'transaction',
  'envelope_ts',
]);

/**
 * Rule of the first entry of `_violations` where the contract keeps the row out of the current view; the entries that
 * follow say why.
 */
export const quarantinedRule = 'quarantined';

/** Reason of a `_rescued` whose text is base64; where there is another reason besides, it follows a colon. */
export const reasonNotUtf8 = 'not-utf8';

export function isBase64(reason: unknown): boolean {
  return typeof reason === 'string' && (reason === reasonNotUtf8 || reason.startsWith(`${reasonNotUtf8}: `));
}
