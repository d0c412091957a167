// A decoder for fault schedules: a "file" is the JSON of its rows, kept in a map instead of on disk, so that a schedule
// runs in milliseconds and in one order. It asks for a new shape whenever a value's first byte is one it has not seen:
// the way a real decoder asks the table to evolve first.

import { rawPartitionSpec } from '../../../lake/raw/raw-schema.ts';
import type { Shape } from '../../../lake/raw/shape.ts';
import type { ObjectStore } from '../../../lake/store/object-store.ts';
import type { Judged, PinnedContract } from '../../../sync/contract/pinned-contract.ts';
import type { Decoder, OpenBatch } from '../../../sync/decode/decoder.ts';
import { valueAt } from '../../../sync/log/record-block.ts';

export interface PlainRow {
  readonly partition: number;
  readonly offset: string;
  readonly value: string | null;
  readonly shape: number | null;
  /** Of the contract that judged it. */
  readonly version: string | null;
}

export type LocalFiles = Map<string, Uint8Array>;

export function plainDecoder(local: LocalFiles, name: string): Decoder {
  let files = 0;
  return {
    open: () => openBatch(local, () => `local:${name}-${files++}`),
    async [Symbol.asyncDispose]() {},
  };
}

function openBatch(local: LocalFiles, nextPath: () => string): OpenBatch {
  const rows: { partition: number; offset: bigint; value: string | null }[] = [];
  let bytes = 0;
  return {
    append(partition, block, from, to) {
      for (let i = from; i < to; i++) {
        const value = valueAt(block, i);
        rows.push({ partition, offset: block.offsets[i] ?? -1n, value: value && Buffer.from(value).toString() });
        bytes += Math.max(0, block.keyLength[i] ?? 0) + Math.max(0, block.valueLength[i] ?? 0);
      }
    },
    get rows() {
      return rows.length;
    },
    get bytes() {
      return bytes;
    },
    async write(plan) {
      const known = new Map(plan.shapes.map((shape) => [shapeKey(shape), shape.number]));
      const unknown = new Set(
        rows.flatMap((row) => (row.value !== null && !known.has(row.value.slice(0, 1)) ? [row.value.slice(0, 1)] : [])),
      );
      if (unknown.size > 0) {
        const added = [...unknown].map((letter, i): Shape => ({
          number: plan.shapes.length + i + 1,
          root: { kind: 'struct', fields: [{ name: letter, type: { kind: 'string' } }] },
        }));
        return { kind: 'evolve', schema: null, shapes: [...plan.shapes, ...added] };
      }
      const out = rows.map((row): PlainRow => ({
        ...row,
        offset: row.offset.toString(),
        shape: row.value === null ? null : (known.get(row.value.slice(0, 1)) ?? null),
        version: plan.contract?.version ?? null,
      }));
      const judged = plan.contract && judgedBy(plan.contract, rows, plan.violationsAccepted ?? new Map());
      const path = nextPath();
      const body = Buffer.from(JSON.stringify(out));
      local.set(path, body);
      const partition = { [rawPartitionSpec.fields[0]?.['field-id'] ?? 0]: 20_778 };
      const dataFile = { fileFormat: 'PARQUET' as const, partition, recordCount: out.length, fileSizeInBytes: body.length };
      return {
        kind: 'written',
        files: [{ path, dataFile }],
        rows: out.length,
        rescued: 0,
        changedAtUs: null,
        ...(judged ? { judged } : {}),
      };
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** The one rule: a value does not end in 7. */
function judgedBy(
  contract: PinnedContract,
  rows: readonly { partition: number; offset: bigint; value: string | null }[],
  accepted: ReadonlyMap<number, bigint>,
): Judged {
  const broken = rows.filter(({ value }) => value?.endsWith('7'));
  const halting = contract.policy === 'halt' ? broken.filter(({ partition, offset }) => offset >= (accepted.get(partition) ?? 0n)) : [];
  return {
    contract: { id: contract.id, version: contract.version },
    rows: rows.length,
    violating: broken.length,
    quarantined: 0,
    byRule: new Map(broken.length === 0 ? [] : [['value not-seven', broken.length]]),
    masked: new Map(),
    standIns: new Map(),
    halting: halting.map(({ partition, offset }) => ({
      partition,
      offset,
      logTime: 0,
      property: 'value',
      rule: 'not-seven',
      message: 'must not end in 7',
    })),
  };
}

function shapeKey(shape: Shape): string {
  return shape.root.kind === 'struct' ? (shape.root.fields[0]?.name ?? '') : '';
}

/** The store with `putFile` reading the map instead of the disk. */
export function withLocalFiles(store: ObjectStore, local: LocalFiles): ObjectStore {
  return {
    ...store,
    async putFile(key, path, options, signal) {
      const body = local.get(path);
      if (!body) throw new Error(`no local file ${path}`);
      return store.put(key, body, options, signal);
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
