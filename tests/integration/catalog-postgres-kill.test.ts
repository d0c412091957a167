// What goes wrong under the catalog's store on PostgreSQL: its process is killed, its connections are ended, the server dies,
// is away, or is not what is needed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import test, { after } from 'node:test';
import { postgresCatalogStore } from '../../catalog/store/postgres-catalog-store.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { secret, type Secret } from '../../runtime/secret.ts';
import { killSuite, moduleUrl } from '../conformance/kill-suite.ts';
import { postgresWorld } from './postgres-world.ts';

const rounds = process.env['FOZ_TEST_LONG'] === '1' ? 200 : 6;
const world = await postgresWorld();
after(() => world[Symbol.asyncDispose]());

killSuite('postgres', rounds, async (run) => {
  const url = await world.newDatabase();
  const opening = `
    const { postgresCatalogStore } = await import(${moduleUrl('catalog/store/postgres-catalog-store.ts')});
    const { secret } = await import(${moduleUrl('runtime/secret.ts')});
    const store = await postgresCatalogStore({ url: secret(${JSON.stringify(url.reveal())}) });`;
  await run({ opening, open: () => postgresCatalogStore({ url }) });
});

const ident = { namespace: ['raw'], name: 'users' };

async function withTable(run: (store: CatalogStore, url: Secret) => Promise<void>): Promise<void> {
  const url = await world.newDatabase();
  await using store = await postgresCatalogStore({ url });
  await store.insertNamespace({ namespace: ['raw'], properties: {} });
  await store.insertRelation({ ident, kind: 'table', uuid: 'u', metadataLocation: 'm://0' });
  await run(store, url);
}

/** Ends the connections of the store that wait for a lock held meanwhile. */
async function endWhileWaiting(url: Secret, lock: string, call: () => Promise<unknown>): Promise<void> {
  const holder = world.ask(`BEGIN; ${lock}; SELECT pg_sleep(3); ROLLBACK`, url);
  await setTimeout(300);
  const waiting = call();
  const settled = assert.rejects(waiting, (error: unknown) => error instanceof LakeError);
  const waiters = "datname = current_database() AND wait_event_type = 'Lock'";
  const isWaiting = async () => (await world.ask(`SELECT 1 FROM pg_stat_activity WHERE ${waiters}`, url)).length > 0;
  while (!(await isWaiting())) await setTimeout(20);
  await world.ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${waiters}`, url);
  await settled;
  await holder;
}

test('I5: a connection that ends under a swap leaves it unknown; under a read, and before a commit, nothing has happened', () =>
  withTable(async (store, url) => {
    const lock = 'LOCK TABLE relations IN ACCESS EXCLUSIVE MODE';
    const told: unknown[] = [];
    const note = (call: Promise<unknown>) =>
      call.catch((error: unknown) => {
        told.push(error instanceof LakeError ? error.code : error);
        throw error;
      });
    await endWhileWaiting(url, lock, () => note(store.swapRelation('table', ident, 'm://0', 'm://1')));
    await endWhileWaiting(url, lock, () => note(store.getRelation('table', ident)));
    await endWhileWaiting(url, lock, () => note(store.renameRelation('table', ident, { ...ident, name: 'people' })));
    assert.deepEqual(told, ['CATALOG_OUTCOME_UNKNOWN', 'CATALOG_UNREACHABLE', 'CATALOG_UNREACHABLE']);
    assert.equal(await store.swapRelation('table', ident, 'm://0', 'm://2'), 'swapped', 'the next call has a new connection');
  }));

const isLost = (error: unknown) => error instanceof LakeError && ['CATALOG_OUTCOME_UNKNOWN', 'CATALOG_UNREACHABLE'].includes(error.code);

/** A network that can be cut. */
async function cuttable(url: Secret): Promise<{ readonly url: Secret; cut(): void; close(): void }> {
  const address = new URL(url.reveal());
  const { hostname: host, port } = address;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    near.pipe(far);
    far.pipe(near);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const listening = server.address();
  address.port = String(typeof listening === 'object' ? listening?.port : 0);
  return {
    url: secret(address.href),
    cut: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    close: () => server.close(),
  };
}

test('I5: a network that is cut under a swap leaves it unknown, and the process goes on', async () => {
  const url = await world.newDatabase();
  const network = await cuttable(url);
  try {
    await using store = await postgresCatalogStore({ url: network.url });
    await store.insertNamespace({ namespace: ['raw'], properties: {} });
    await store.insertRelation({ ident, kind: 'table', uuid: 'u', metadataLocation: 'm://0' });
    const holder = world.ask('BEGIN; LOCK TABLE relations IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); ROLLBACK', url);
    await setTimeout(300);
    const told = ['swapRelation', 'renameRelation', 'getRelation'].map(() => '');
    const note = (at: number) => (error: unknown) => void (told[at] = error instanceof LakeError ? error.code : String(error));
    const calls = [
      store.swapRelation('table', ident, 'm://0', 'm://1').catch(note(0)),
      store.renameRelation('table', ident, { ...ident, name: 'people' }).catch(note(1)),
      store.getRelation('table', ident).catch(note(2)),
    ];
    await setTimeout(200);
    network.cut();
    await Promise.all(calls);
    assert.deepEqual(told, ['CATALOG_OUTCOME_UNKNOWN', 'CATALOG_UNREACHABLE', 'CATALOG_UNREACHABLE']);
    await holder;
    const found = (await store.getRelation('table', ident))?.metadataLocation ?? '';
    assert.ok(['m://0', 'm://1'].includes(found), found);
  } finally {
    network.close();
  }
});

test('a server that dies under swaps leaves the last one told or the next; started again, it is found again', () =>
  withTable(async (store) => {
    let told = 0;
    const swapping = (async () => {
      while ((await store.swapRelation('table', ident, `m://${told}`, `m://${told + 1}`)) === 'swapped') told += 1;
    })();
    const ended = assert.rejects(swapping, isLost);
    await setTimeout(100);
    await world.stack.kill('postgres', 'SIGKILL');
    await ended;
    await world.stack.start('postgres');
    const found = (await store.getRelation('table', ident))?.metadataLocation ?? '';
    assert.ok(told > 0 && [`m://${told}`, `m://${told + 1}`].includes(found), `told ${told}, found ${found}`);
    assert.equal(await store.swapRelation('table', ident, found, 'm://next'), 'swapped');
  }));

test('a database that cannot be used is refused with the reason, and the password is told to nobody', async () => {
  const url = await world.newDatabase();
  const changed = (change: (address: URL) => void) => {
    const address = new URL(url.reveal());
    change(address);
    return { url: secret(address.href), connectTimeoutMs: 2000 };
  };
  const password = new URL(url.reveal()).password;
  const refusal = (code: string, pattern: RegExp) => (error: unknown) =>
    error instanceof LakeError && error.code === code && pattern.test(error.message) && !error.message.includes(password);
  await assert.rejects(
    postgresCatalogStore(changed((address) => (address.password = 'wrong'))),
    refusal('CATALOG_REFUSED', /password authentication failed/),
  );
  await assert.rejects(
    postgresCatalogStore(changed((address) => (address.pathname = '/nowhere'))),
    refusal('CATALOG_REFUSED', /database "nowhere" does not exist/),
  );
  await assert.rejects(postgresCatalogStore(changed((address) => (address.port = '1'))), refusal('CATALOG_UNREACHABLE', /ECONNREFUSED/));
  await world.ask("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0");
  await assert.rejects(
    postgresCatalogStore(changed((address) => (address.pathname = '/ascii'))),
    refusal('CATALOG_REFUSED', /encoding UTF8 is needed, found SQL_ASCII/),
  );
  await (await postgresCatalogStore({ url }))[Symbol.asyncDispose]();
  await world.ask("INSERT INTO migrations VALUES (99, 'later')", url);
  await assert.rejects(postgresCatalogStore({ url }), refusal('CATALOG_REFUSED', /schema version 99/));
});

const isTimedOut = (error: unknown) =>
  error instanceof LakeError && error.code === 'CATALOG_UNREACHABLE' && /statement timeout/.test(error.message);

test('a schema of its own and the time-out of statements are the address’s and the options’ to say', async () => {
  const url = await world.newDatabase();
  await world.ask('CREATE SCHEMA foz', url);
  const address = new URL(url.reveal());
  address.searchParams.set('options', '-c search_path=foz');
  await using store = await postgresCatalogStore({ url: secret(address.href), statementTimeoutMs: 300 });
  await store.insertNamespace({ namespace: ['raw'], properties: {} });
  assert.deepEqual(await world.ask('SELECT key FROM foz.namespaces', url), [{ key: 'raw' }]);
  const holder = world.ask('BEGIN; LOCK TABLE foz.relations IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); ROLLBACK', url);
  await setTimeout(300);
  await assert.rejects(store.swapRelation('table', ident, 'm://0', 'm://1'), isTimedOut);
  await holder;
  assert.equal(await store.swapRelation('table', ident, 'm://0', 'm://1'), 'missing');
});
