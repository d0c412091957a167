// What the tests of enforcement share: a contract of one table from its columns' schemas, and Debezium events.

import type { ContractColumn, ContractTable, Mask, ViolationPolicy } from '../../contracts/contract.ts';
import type { JsonObject } from '../../contracts/json-schema.ts';
import type { PinnedContract } from '../../sync/contract/pinned-contract.ts';

export const maskKey = Buffer.from('an-example-key-of-32-bytes-in-all');

export interface ContractParts {
  readonly version?: string;
  readonly policy?: ViolationPolicy;
  readonly required?: readonly string[];
  /** Columns of the key, in order. */
  readonly key?: readonly string[];
  readonly masks?: Readonly<Record<string, Mask>>;
  readonly rest?: JsonObject;
}

export function contractOf(properties: Readonly<Record<string, JsonObject>>, parts: ContractParts = {}): PinnedContract {
  const { version = '1.0.0', policy = 'flag', key = ['id'], masks = {} } = parts;
  const columns = Object.keys(properties).map((name): ContractColumn => {
    const position = key.indexOf(name);
    return {
      name,
      id: null,
      physicalType: null,
      keyPosition: position < 0 ? null : position + 1,
      isRequired: false,
      isUnique: false,
      description: null,
      classification: null,
      pii: null,
      mask: masks[name] ?? null,
      tags: [],
    };
  });
  const table: ContractTable = {
    name: 'users',
    physicalName: 'public.users',
    description: null,
    body: { type: 'object', properties, required: parts.required ?? [], ...parts.rest },
    columns,
    tags: [],
    quality: [],
  };
  return { id: 'users', version, digest: `digest of ${version}`, policy, table, maskKeys: new Map([['k1', maskKey]]) };
}

export interface EventParts {
  readonly op?: string;
  readonly before?: object | null;
  readonly lsn?: number;
}

export function event(after: object | null, { op = 'c', before = null, lsn = 1 }: EventParts = {}): string {
  const source = { version: '3.7', connector: 'postgresql', ts_us: 1_795_000_000_000_000, txId: 7, lsn };
  return JSON.stringify({ before, after, source, transaction: null, op, ts_ms: 1_795_000_000_000 });
}
