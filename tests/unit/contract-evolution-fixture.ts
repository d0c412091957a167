// A contract of a few columns, and a lake that it is applied to.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { compareWithLog } from '../../cli/verify/compare-with-log.ts';
import type { ContractTable } from '../../contracts/contract.ts';
import type { Decision } from '../../contracts/evolution/plan.ts';
import type { JsonObject } from '../../contracts/json-schema.ts';
import { systemClock } from '../../runtime/clock.ts';
import { seededRandom } from '../../runtime/random.ts';
import type { QueryLab } from './query-fixture.ts';

export interface Property {
  readonly name: string;
  readonly id?: string;
  readonly type: string;
  readonly description?: string;
  /** More of its JSON Schema: `properties`, `items`. */
  readonly body?: JsonObject;
}

export function contractTable(properties: readonly Property[]): ContractTable {
  const bodies: Record<string, JsonObject> = {};
  for (const { name, type, body } of properties) bodies[name] = { 'x-physicalType': type, ...body };
  return {
    name: 'users',
    physicalName: 'public.users',
    description: null,
    body: { type: 'object', properties: bodies },
    columns: properties.map(({ name, id, type, description }, i) => ({
      name,
      id: id ?? null,
      physicalType: type,
      keyPosition: i === 0 ? 1 : null,
      isRequired: false,
      isUnique: false,
      description: description ?? null,
      classification: null,
      pii: null,
      mask: null,
      tags: [],
    })),
    tags: [],
    quality: [],
  };
}

let lsn = 0;
export const event = (id: number, after: object) => ({
  key: `{"id":${id}}`,
  value: { before: null, after: { id, ...after }, source: { lsn: ++lsn, txId: lsn, ts_us: 1_795_251_270_000_000 }, op: 'c', ts_ms: 1 },
});

export const deps = (lab: QueryLab) => ({ catalog: lab.catalog, store: lab.store, clock: systemClock, random: seededRandom(7) });

export function wanted(properties: readonly Property[], version: string, decisions: Readonly<Record<string, Decision>> = {}) {
  return { contract: { id: 'users', version }, table: contractTable(properties), decisions: new Map(Object.entries(decisions)) };
}

/** A worker that has nothing to commit looks at the columns when they are a second old. */
export const noticed = () => setTimeout(1100);

export async function allRebuild(lab: QueryLab, records: number): Promise<void> {
  const { target, catalog, store, log } = lab;
  const compared = await compareWithLog(
    { target, catalog, store, log, cacheDir: join(lab.directory, 'proof') },
    new AbortController().signal,
  );
  assert.deepEqual(compared.samples, []);
  assert.deepEqual([compared.checked, compared.rowsRaw, compared.mismatched], [records, records, 0]);
}
