// Debezium PostgreSQL envelopes as the connector writes them (JSON converter, schemas off): a `users` row of ten
// columns, about 670 bytes with everything, headers as Debezium 3.7 adds them. Seeded, so that every lane reads the same.

import { randomInt, seededRandom, type Random } from '../runtime/random.ts';

export interface BenchRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

const cities = ['Lisboa', 'Porto', 'Berlin', 'Amsterdam', 'New York', 'São Paulo'];
const statuses = ['active', 'suspended', 'closed'];
const startUs = 1_795_251_270_053_754;

export const envelopeHeaders = {
  '__debezium.context.connectorLogicalName': 'pg',
  '__debezium.context.taskId': '0',
  '__debezium.context.connectorName': 'postgresql',
  '__debezium.context.runId': '01a1fd50-6fed-72b2-b447-f364686b9333',
} as const;

export function envelope(index: number, random: Random): BenchRecord {
  const id = 1 + randomInt(random, 200_000);
  const us = startUs + index * 37;
  const lsn = 26_536_264 + index * 136;
  const after = {
    id,
    email: `user${id}@example.com`,
    full_name: `Person Number ${id}`,
    city: cities[randomInt(random, cities.length)],
    status: statuses[randomInt(random, statuses.length)],
    balance: `${randomInt(random, 100_000)}.${String(randomInt(random, 100)).padStart(2, '0')}`,
    rating: Math.round(random.next() * 500) / 100,
    birth_date: 5_000 + randomInt(random, 12_000),
    created_at: new Date(us / 1000 - 86_400_000).toISOString().replace('Z', '000Z'),
    updated_at: new Date(us / 1000).toISOString().replace('Z', '000Z'),
  };
  const source =
    `{"version":"3.7.0.Final","connector":"postgresql","name":"pg","ts_ms":${Math.floor(us / 1000)},"snapshot":"false","db":"app",` +
    `"sequence":"[\\"${lsn - 136}\\",\\"${lsn}\\"]","ts_us":${us},"ts_ns":${us}000,"schema":"public","table":"users","txId":${747 + (index >> 3)},"lsn":${lsn},"xmin":null,"origin":null,"origin_lsn":null}`;
  const seen = us + 180_000;
  const value =
    `{"before":null,"after":${JSON.stringify(after)},"source":${source},"transaction":null,"op":"${index % 5 === 0 ? 'c' : 'u'}",` +
    `"ts_ms":${Math.floor(seen / 1000)},"ts_us":${seen},"ts_ns":${seen}123}`;
  return { key: `{"id":${id}}`, value, headers: envelopeHeaders };
}

export function* envelopes(count: number, seed = 7): Generator<BenchRecord> {
  const random = seededRandom(seed);
  for (let index = 0; index < count; index++) yield envelope(index, random);
}
