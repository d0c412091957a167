// A stock Trino with our access rules, read over HTTP from the catalog: an analyst sees masked columns and filtered rows, whoever
// may see all sees all, and no metadata table, former name, function or view shows the analyst what the masks hide. Trino
// itself comes to the catalog with a token.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { newTokenText, tokenDigest } from '../../catalog/access/token-text.ts';
import type { AccessPolicy } from '../../catalog/policy/access-policy.ts';
import type { Role } from '../../catalog/access/roles.ts';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { s3Store } from '../../lake/store/s3-store.ts';
import { askTrino } from '../../query/trino-client.ts';
import { LakeError } from '../../runtime/errors.ts';
import { startStack } from '../../stack/stack.ts';
import { now, plantTables } from '../conformance/quality-mutation-tables.ts';
import { lakeTables } from '../unit/lake-table-fixture.ts';
import { until } from './stack-processes.ts';

const policy: AccessPolicy = {
  clear: { users: ['officer'], groups: [] },
  change: { users: ['foz'], groups: [] },
  unclassified: 'deny',
  masks: [
    { pii: 'email', mask: 'show-last-4' },
    { pii: 'birth-date', mask: 'truncate-to-year' },
    { pii: 'habit', mask: 'sha-256' },
  ],
  filters: [{ table: 'raw.users', where: `"after"."city" <> 'Porto'` }],
  views: [
    { view: 'raw.trips', like: 'raw.rides' },
    { view: 'raw.people', like: 'raw.users' },
  ],
};

const open = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, { classification: 'public' }]));
const declarations: Readonly<Record<string, object>> = {
  users: {
    ...open('id', 'status', 'city', 'balance', 'rating', 'seen'),
    email: { pii: 'email' },
    full_name: { pii: 'name' },
    born: { pii: 'birth-date' },
  },
  rides: { ...open('city', 'user_id', 'fare', 'surge'), status: { pii: 'habit' }, ride_id: { pii: 'identifier' } },
  notes: { ...open('id'), remark: { pii: 'health' } },
  // Nothing of it is classified any more.
  deep: open('id'),
};

type Ask = (sql: string) => Promise<readonly (readonly unknown[])[]>;

test('stock Trino enforces the tags', { timeout: 10 * 60_000 }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-trino-rules-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await using stack = await startStack({ dir: join(dir, 'stack'), components: ['s3'] });
  const s3 = stack.endpoint('s3');
  const credentials = { kind: 'static', accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey } as const;
  await using store = s3Store({ bucket: s3.bucket, prefix: 'lake', region: s3.region, endpoint: s3.endpoint, credentials });
  await using pointers = memoryCatalogStore();
  const tokenOf = async (role: Role): Promise<string> => {
    const token = newTokenText();
    await pointers.tokens.createToken({ digest: tokenDigest(token), name: role, roles: [role], createdAt: now, expiresAt: null }, 'foz');
    return token;
  };
  const [operator, rules] = [await tokenOf('operator'), await tokenOf('rules')];
  // The planted rows are of a day of their own.
  const snapshotAheadMaxMs = Number.MAX_SAFE_INTEGER;
  const served = await serveCatalog({ port: 0, store: pointers, objectStore: store, policy, snapshotAheadMaxMs });
  t.after(() => served.close());
  await using catalog = restCatalog({ uri: served.url, token: operator });
  await using lab = await lakeTables({ catalog, store });
  await plantTables(lab, {});
  for (const [entity, columns] of Object.entries(declarations)) {
    const headers = { authorization: `Bearer ${operator}`, 'content-type': 'application/json' };
    const told = await fetch(`${served.url}/v1/foz/entities/${entity}`, { method: 'POST', headers, body: JSON.stringify({ columns }) });
    assert.equal(told.status, 200, await told.text());
  }
  const catalogProperties = {
    'iceberg.security': 'FILE',
    'security.config-file': `${served.url}/v1/foz/trino/rules/${rules}`,
    'security.refresh-period': '1s',
  };
  let url: string;
  try {
    const reading = { catalogName: 'foz', catalogUri: served.url, warehouse: store.root, s3, token: operator, catalogProperties };
    url = (await stack.startTrino(reading)).url;
  } catch (error) {
    if (!(error instanceof LakeError) || error.code !== 'PREREQUISITE_MISSING') throw error;
    console.error(`NOT RUN: Trino: ${error.message}`);
    return t.skip(`NOT RUN: ${error.message}`);
  }
  const as =
    (user: string): Ask =>
    async (sql) =>
      (await askTrino({ url, user }, sql)).rows;
  const [owner, officer, analyst] = [as('foz'), as('officer'), as('analyst')];
  /** Null while it is denied, or shows nothing: that is what a statement gets during which the rules came. */
  const soon = (sql: string) =>
    analyst(sql).then(
      (rows) => (rows.length > 0 ? rows : null),
      () => null,
    );
  const denied = (sql: string) => assert.rejects(analyst(sql), { code: 'QUERY_INVALID', message: /Access Denied/ }, sql);
  const personal = 'SELECT after.email, after.full_name, CAST(after.born AS varchar), after.city FROM foz.raw.users WHERE _log_offset = 1';

  await t.test('masked for the analyst, clear for whoever may see all; a masked value cannot be asked for', async () => {
    assert.deepEqual(await officer(personal), [['u1@example.com', 'Name 1', '1980-01-02', 'Braga']]);
    assert.deepEqual(await analyst(personal), [['xn@xxxxxxx.com', null, '1980-01-01', 'Braga']]);
    assert.deepEqual(await analyst(`SELECT count(*) FROM foz.raw.users WHERE after.email = 'u1@example.com'`), [[0]]);
    assert.deepEqual(await analyst('SELECT _log_key, _rescued, _violations, op FROM foz.raw.users WHERE _log_offset = 1'), [
      [null, null, null, 'c'],
    ]);
    assert.deepEqual(await analyst('SELECT "$path", "$partition" FROM foz.raw.users LIMIT 1'), [[null, null]]);
    const [ride] = await analyst(
      'SELECT after.ride_id, length(after.status.value), after.city.value FROM foz.raw.rides WHERE _log_offset = 1',
    );
    assert.deepEqual(ride, [null, 64, 'zrh']);
  });

  await t.test('rows that the filter hides are not there', async () => {
    const counted = `SELECT count(*), count_if(after.city = 'Porto') FROM foz.raw.users`;
    assert.deepEqual([await officer(counted), await analyst(counted)], [[[200, 40]], [[160, 0]]]);
  });

  await t.test('no metadata table shows bounds of values, partitions or properties', async () => {
    for (const side of ['files', 'partitions', 'manifests', 'entries', 'all_entries', 'properties'])
      await denied(`SELECT * FROM foz.raw."users$${side}"`);
    assert.deepEqual(await analyst('SELECT summary FROM foz.raw."users$snapshots"'), [[null]]);
    assert.equal((await officer('SELECT * FROM foz.raw."users$files"')).length, 1);
    const bounds = (await analyst('SHOW STATS FOR (SELECT after.email AS email, after.born AS born FROM foz.raw.users)')).slice(0, 2);
    assert.deepEqual(
      bounds.map((row) => row.slice(5)),
      [
        [null, null],
        [null, null],
      ],
    );
  });

  await t.test('no function, procedure or table of the analyst’s own leads past the masks', async () => {
    const [[snapshot] = []] = await officer('SELECT CAST(snapshot_id AS varchar) FROM foz.raw."users$snapshots"');
    await denied(`SELECT * FROM TABLE(foz.system.table_changes('raw', 'users', ${String(snapshot)}, ${String(snapshot)}))`);
    await denied(`CALL foz.system.rollback_to_snapshot('raw', 'users', ${String(snapshot)})`);
    await denied('CREATE VIEW foz.raw.spy AS SELECT * FROM foz.raw.users');
    await denied('CREATE TABLE foz.raw.copy AS SELECT 1 AS x');
    await denied('DELETE FROM foz.raw.users');
  });

  await t.test('views: as whoever asks, masked; as their owner, closed, or masked like the table that the policy names', async () => {
    const shown = 'after.id AS id, after.email AS email, after.city AS town FROM foz.raw.users WHERE _log_offset = 1';
    await owner(`CREATE VIEW foz.raw.mine SECURITY INVOKER AS SELECT ${shown}`);
    await owner(`CREATE VIEW foz.raw.theirs SECURITY DEFINER AS SELECT ${shown}`);
    await owner(`CREATE VIEW foz.raw.people SECURITY DEFINER AS SELECT ${shown}`);
    const trip =
      'after.city.value AS city, after.status.value AS status, after.city.value AS town FROM foz.raw.rides WHERE _log_offset = 1';
    await owner(`CREATE VIEW foz.raw.trips SECURITY DEFINER AS SELECT ${trip}`);
    const seen = 'SELECT city, length(status), town FROM foz.raw.trips';
    const rows = await until('the rules know of the views', 20_000, () => soon(seen));
    assert.deepEqual(rows, [['zrh', 64, null]]);
    assert.deepEqual(await analyst('SELECT * FROM foz.raw.mine'), [[1, 'xn@xxxxxxx.com', 'Braga']]);
    await denied('SELECT * FROM foz.raw.theirs');
    // It would show the rows that the filter of raw.users hides.
    await denied('SELECT * FROM foz.raw.people');
    assert.deepEqual(await officer('SELECT * FROM foz.raw.theirs'), [[1, 'u1@example.com', 'Braga']]);
  });

  await t.test('time travel: a column’s former name is hidden as well; a new table is closed', async () => {
    await owner('CREATE TABLE foz.raw.notes (id bigint, secret varchar)');
    await owner(`INSERT INTO foz.raw.notes VALUES (1, 'diabetes')`);
    const [[snapshot] = []] = await owner(
      'SELECT CAST(snapshot_id AS varchar) FROM foz.raw."notes$snapshots" ORDER BY committed_at DESC LIMIT 1',
    );
    await owner('ALTER TABLE foz.raw.notes RENAME COLUMN secret TO remark');
    await owner('CREATE TABLE foz.raw.fresh (id bigint)');
    const then = `SELECT * FROM foz.raw.notes FOR VERSION AS OF ${String(snapshot)}`;
    assert.deepEqual(await officer(then), [[1, 'diabetes']]);
    const rows = await until('the rules know of the table', 20_000, () => soon('SELECT * FROM foz.raw.notes'));
    assert.deepEqual(rows, [[1, null]]);
    assert.deepEqual(await analyst(then), [[1, null]]);
    await denied('SELECT * FROM foz.raw.fresh');
  });

  await t.test('a dropped column that nobody speaks of any more is not seen under time travel, nor in metadata tables', async () => {
    await owner('CREATE TABLE foz.raw.deep (_log_offset bigint, after row(id bigint, secret varchar))');
    await owner(`INSERT INTO foz.raw.deep VALUES (1, ROW(7, 'diabetes'))`);
    const [[snapshot] = []] = await owner(
      'SELECT CAST(snapshot_id AS varchar) FROM foz.raw."deep$snapshots" ORDER BY committed_at DESC LIMIT 1',
    );
    await owner('ALTER TABLE foz.raw.deep DROP COLUMN after.secret');
    const rows = await until('the rules know of the table', 20_000, () => soon('SELECT after.id FROM foz.raw.deep'));
    assert.deepEqual(rows, [[7]]);
    const then = `FROM foz.raw.deep FOR VERSION AS OF ${String(snapshot)}`;
    assert.match(JSON.stringify(await officer(`SELECT after ${then}`)), /diabetes/);
    for (const asked of ['*', 'after', 'after.secret', 'after.id']) {
      const answer = await analyst(`SELECT ${asked} ${then}`).catch((error: unknown) => (error instanceof Error ? error.message : error));
      assert.doesNotMatch(JSON.stringify(answer), /diabetes/);
    }
    await denied('SELECT * FROM foz.raw."deep$files"');
  });

  await t.test('what went out to Trino is in the audit log', async () => {
    const entries = await pointers.audit.listAudit(
      { subject: 'rules', actor: null, action: 'rules.publish', from: null, until: null },
      { before: null, limit: 10 },
    );
    assert.ok(entries.length >= 3, 'the first text, then with the views, then with the tables');
  });
});
