// What enforcing a contract costs on the hot path: the same events through the same decoder (Parquet on local disk, no log,
// no commit), without a contract, with one of twelve rules, with types for every column besides, with a masked column, and
// with every row parsed and validated by ajv in JavaScript beside the decoder. Rounds take turns, so that a machine that
// slows down slows all lanes; figures are of each lane's best round.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContractTable, Mask } from '../contracts/contract.ts';
import { eventReader } from '../contracts/event-row.ts';
import type { JsonObject } from '../contracts/json-schema.ts';
import { compileRules } from '../contracts/rules/compile-rules.ts';
import { highestFieldId } from '../lake/iceberg/schema.ts';
import { rawSchema } from '../lake/raw/raw-schema.ts';
import type { PinnedContract } from '../sync/contract/pinned-contract.ts';
import type { DecodePlan, Decoder } from '../sync/decode/decoder.ts';
import { openJsonDecoder } from '../sync/decode/json-decoder.ts';
import { blockOf, valueAt, type RecordBlock } from '../sync/log/record-block.ts';
import { envelopes } from './envelopes.ts';

export interface ContractsBench {
  readonly events: number;
  readonly rounds: number;
  readonly lanes: readonly ContractsLane[];
}

export interface ContractsLane {
  readonly lane: string;
  readonly rules: number;
  readonly eventsPerSecond: number;
  readonly eventsPerCpuSecond: number;
  /** Of the throughput without a contract, by CPU time: 0.1 is a tenth lost. */
  readonly cost: number;
  readonly violatingRows: number;
}

/** As in a worker's chunk of 12 MiB. */
const chunkRows = 16_384;

/** Twelve rules: what people write first. */
const rules: Readonly<Record<string, JsonObject>> = {
  id: { minimum: 1 },
  email: { type: 'string', pattern: '^[^@ ]+@[^@ ]+$', maxLength: 254 },
  full_name: { minLength: 1 },
  status: { enum: ['active', 'suspended', 'closed'] },
  balance: { minimum: 0, 'x-physicalType': 'numeric(12,2)' },
  rating: { minimum: 0, maximum: 5 },
  birth_date: { type: 'string', format: 'date', 'x-physicalType': 'date' },
};
const required = ['email'];

const types: Readonly<Record<string, JsonObject>> = {
  id: { type: 'integer' },
  full_name: { type: 'string' },
  city: { type: ['string', 'null'] },
  status: { type: 'string' },
  balance: { type: 'number' },
  rating: { type: 'number' },
  created_at: { type: 'string', 'x-physicalType': 'timestamptz' },
  updated_at: { type: 'string', 'x-physicalType': 'timestamptz' },
};

export async function benchContracts(input: { readonly events: number; readonly note: (text: string) => void }): Promise<ContractsBench> {
  const tempDir = await mkdtemp(join(tmpdir(), 'foz-bench-'));
  const chunksOf = (brokenEach: number | null) => [...blocksOf(input.events, brokenEach)];
  const [clean, seldom, often] = [chunksOf(null), chunksOf(1000), chunksOf(10)];
  const typed = Object.fromEntries(
    [...new Set([...Object.keys(rules), ...Object.keys(types)])].map((name) => [name, { ...types[name], ...rules[name] }]),
  );
  const twelve = contractOf('twelve', rules, {});
  try {
    await using lanes = await openLanes(tempDir, [
      { name: 'none', contract: null, chunks: clean },
      { name: 'contract', contract: twelve, chunks: clean },
      { name: 'contract, one row in 1,000 breaks a rule', contract: twelve, chunks: seldom },
      { name: 'contract, one row in 10 breaks a rule', contract: twelve, chunks: often },
      { name: 'contract with types', contract: contractOf('typed', typed, {}), chunks: clean },
      { name: 'contract with redact', contract: contractOf('redacted', rules, { email: { kind: 'redact', text: '***' } }), chunks: clean },
      { name: 'contract with hmac', contract: contractOf('masked', rules, { email: { kind: 'hmac', keyId: 'k1' } }), chunks: clean },
      { name: 'ajv on every row', contract: twelve, chunks: clean, inJavaScript: true },
    ]);
    // The first round warms up: caches, compiled code, the shape of the events.
    for (let round = 0; round <= rounds; round++) {
      for (const chunk of clean.keys()) for (const lane of lanes.all) await lane.run(chunk, round === 0);
      input.note(round === 0 ? 'warm' : `round ${round} of ${rounds}`);
    }
    const none = lanes.all[0]?.best('cpuMs') ?? Number.NaN;
    return {
      events: input.events,
      rounds,
      lanes: lanes.all.map(({ spec, best, violating }) => ({
        lane: spec.name,
        rules: spec.contract ? compileRules(spec.contract.table.body).rules.length : 0,
        eventsPerSecond: Math.round((input.events / best('wallMs')) * 1000),
        eventsPerCpuSecond: Math.round((input.events / best('cpuMs')) * 1000),
        cost: Math.round((1 - none / best('cpuMs')) * 1000) / 1000,
        violatingRows: violating(),
      })),
    };
  } finally {
    await rm(tempDir, { recursive: true, force: true });
  }
}

interface LaneSpec {
  readonly name: string;
  readonly contract: PinnedContract | null;
  readonly chunks: readonly RecordBlock[];
  readonly inJavaScript?: boolean;
}

interface Lane {
  readonly spec: LaneSpec;
  run(chunk: number, isWarming: boolean): Promise<void>;
  /** The sum of each chunk's best. */
  best(what: 'wallMs' | 'cpuMs'): number;
  /** In one round. */
  violating(): number;
}

/** A decoder for each, open all the time as a worker's is. */
async function openLanes(tempDir: string, specs: readonly LaneSpec[]): Promise<AsyncDisposable & { readonly all: readonly Lane[] }> {
  await using parts = new AsyncDisposableStack();
  const all: Lane[] = [];
  for (const spec of specs) all.push(laneOf(spec, parts.use(await openJsonDecoder({ tempDir }))));
  const owned = parts.move();
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function laneOf(spec: LaneSpec, decoder: Decoder): Lane {
  const { contract, inJavaScript = false } = spec;
  const decode = decoding(decoder, inJavaScript ? null : contract);
  const validate = inJavaScript && contract ? validating(contract) : () => 0;
  const bests = new Map<number, { wallMs: number; cpuMs: number; violating: number }>();
  return {
    spec,
    async run(chunk, isWarming) {
      const block = spec.chunks[chunk];
      if (!block) return;
      const took = await measured(async () => validate(block) + (await decode(block)));
      const best = bests.get(chunk) ?? { wallMs: Number.POSITIVE_INFINITY, cpuMs: Number.POSITIVE_INFINITY, violating: 0 };
      if (isWarming) return;
      bests.set(chunk, {
        wallMs: Math.min(best.wallMs, took.wallMs),
        cpuMs: Math.min(best.cpuMs, took.cpuMs),
        violating: took.value,
      });
    },
    best: (what) => [...bests.values()].reduce((sum, best) => sum + best[what], 0),
    violating: () => [...bests.values()].reduce((sum, best) => sum + best.violating, 0),
  };
}

const rounds = 5;

function* blocksOf(events: number, brokenEach: number | null): Generator<RecordBlock> {
  let records: { offset: bigint; logTimeMs: number; key: Buffer; value: Buffer }[] = [];
  let offset = 0n;
  for (const { key, value } of envelopes(events)) {
    const isBroken = brokenEach !== null && Number(offset) % brokenEach === brokenEach - 1;
    const text = isBroken ? value.replace('"status":"', '"status":"un') : value;
    records.push({ offset: offset++, logTimeMs: 1_795_251_270_000, key: Buffer.from(key), value: Buffer.from(text) });
    if (records.length < chunkRows) continue;
    yield blockOf(records);
    records = [];
  }
  if (records.length > 0) yield blockOf(records);
}

/** Rows that break a rule. */
function decoding(decoder: Decoder, contract: PinnedContract | null): (block: RecordBlock) => Promise<number> {
  let plan: DecodePlan = {
    schema: rawSchema,
    lastColumnId: highestFieldId(rawSchema),
    datePartitionFieldId: 1000,
    shapes: [],
    ...(contract ? { contract } : {}),
  };
  return async (block) => {
    await using batch = decoder.open();
    batch.append(0, block, 0, block.count);
    for (;;) {
      const outcome = await batch.write(plan);
      if (outcome.kind === 'written') {
        for (const file of outcome.files) await rm(file.path);
        return outcome.judged?.violating ?? 0;
      }
      const schema = outcome.schema ?? plan.schema;
      plan = { ...plan, schema, lastColumnId: Math.max(plan.lastColumnId, highestFieldId(schema)), shapes: outcome.shapes };
    }
  };
}

/** Without SQL: every row is parsed, brought to what people see, and validated. */
function validating({ table: { body } }: PinnedContract): (block: RecordBlock) => number {
  const compiled = compileRules(body);
  const read = eventReader(body);
  return (block) => {
    let violating = 0;
    for (let i = 0; i < block.count; i++) {
      const value = valueAt(block, i);
      const row = value && read(Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8'));
      if (row && compiled.judge(row.row).length > 0) violating++;
    }
    return violating;
  };
}

function contractOf(id: string, properties: Readonly<Record<string, JsonObject>>, masks: Readonly<Record<string, Mask>>): PinnedContract {
  const table: ContractTable = {
    name: 'users',
    physicalName: 'public.users',
    description: null,
    body: { type: 'object', properties, required },
    columns: Object.keys(properties).map((name) => ({
      name,
      id: null,
      physicalType: null,
      keyPosition: name === 'id' ? 1 : null,
      isRequired: required.includes(name),
      isUnique: false,
      description: null,
      classification: null,
      pii: null,
      mask: masks[name] ?? null,
      tags: [],
    })),
    tags: [],
    quality: [],
  };
  return { id, version: '1.0.0', digest: id, policy: 'flag', table, maskKeys: new Map([['k1', Buffer.alloc(32, 'k')]]) };
}

async function measured<T>(run: () => Promise<T>): Promise<{ readonly value: T; readonly wallMs: number; readonly cpuMs: number }> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const value = await run();
  const { user, system } = process.cpuUsage(used);
  return { value, wallMs: performance.now() - start, cpuMs: (user + system) / 1000 };
}
