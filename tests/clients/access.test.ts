// Clients that must log in. Each is given client credentials and gets its tokens from the catalog's own endpoint, as it does
// from any other catalog: a writer writes, a reader only reads, and nobody else is told anything.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { LakeClient, Order } from './client.ts';
import { openClientLake, serveClosed, type ClientLake, type Login } from './client-lake.ts';
import { orSkipped } from './client-test.ts';
import { openDuckdb, openPyiceberg, openSpark, openTrino } from './open-clients.ts';

type Open = (lake: ClientLake, login?: Login) => Promise<LakeClient>;

const timeout = 15 * 60_000;
const order: Order = { id: '1', city: 'Porto', amount: '1.00', quantity: '1', ordered_at: '2026-11-20T10:00:00Z' };

test('clients log in to the catalog, and their role says what they may do', { timeout }, async (t) => {
  await using lake = await openClientLake(serveClosed);
  const { logins } = lake;
  assert.ok(logins);
  const writes = (name: string, open: Open) =>
    t.test(`${name} writes as a writer`, (inner) => orSkipped(inner, name, () => asWriter(lake, open, logins.writer)));
  const reads = (name: string, open: Open) =>
    t.test(`${name} reads as a reader and changes nothing`, (inner) => orSkipped(inner, name, () => asReader(lake, open, logins.reader)));
  await writes('PyIceberg', openPyiceberg);
  await reads('PyIceberg', openPyiceberg);
  await writes('DuckDB', openDuckdb);
  await reads('DuckDB', openDuckdb);
  await writes('Spark', openSpark);
  await writes('Trino', openTrino);
  await t.test('nobody is let in without a login, or with a wrong one', (inner) => asNobody(inner, lake));
  await lake.land(10);
  await lake.verify();
});

async function asWriter(lake: ClientLake, open: Open, login: Login): Promise<void> {
  await using client = await open(lake, login);
  const namespace = `by_${client.name.toLowerCase()}`;
  await client.createNamespace(namespace);
  await client.createOrders(`${namespace}.orders`);
  await client.append(`${namespace}.orders`, [order]);
  assert.deepEqual(await client.read(`${namespace}.orders`, [['id'], ['city']]), [['1', 'Porto']]);
  await client.drop(`${namespace}.orders`);
}

async function asReader(lake: ClientLake, open: Open, login: Login): Promise<void> {
  await using client = await open(lake, login);
  const { rows } = await lake.lake.query('SELECT count(*) FROM raw.users');
  assert.equal((await client.read('raw.users', [['_log_offset']])).length, Number(rows[0]?.[0]));
  const before = await lake.catalog.loadTable({ namespace: ['raw'], name: 'users' });
  await assert.rejects(client.createNamespace('not_mine'), /403|Forbidden|not authorized|may not/i);
  await assert.rejects(client.delete('raw.users', '_log_offset = 0'));
  await assert.rejects(client.drop('raw.users'));
  const after = await lake.catalog.loadTable({ namespace: ['raw'], name: 'users' });
  assert.equal(after?.metadataLocation, before?.metadataLocation);
}

async function asNobody(t: TestContext, lake: ClientLake): Promise<void> {
  await orSkipped(t, 'PyIceberg and DuckDB', async () => {
    for (const open of [openPyiceberg, openDuckdb])
      for (const login of [undefined, { name: 'a-writer', token: `foz_${'x'.repeat(43)}` }]) {
        const tried = (async () => {
          await using client = await open(lake, login);
          await client.read('raw.users', [['_log_offset']]);
        })();
        await assert.rejects(tried, /401|Unauthorized|NotAuthorized|invalid_client|ended with/i);
      }
  });
}
