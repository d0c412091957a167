import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { isSourceUrl, sourcePlace } from '../../cli/contract/source-place.ts';
import { LakeError } from '../../runtime/errors.ts';

const password = 'correct-horse-battery';

test('a PostgreSQL URL names server, database and table; the password comes from the environment', () => {
  const place = sourcePlace('postgres://app@db.example:6432/shop/sales.orders', { PGPASSWORD: password });
  assert.ok(place.kind === 'postgres');
  const { host, port, database, user, sslmode } = place.settings;
  assert.deepEqual(
    { host, port, database, user, sslmode },
    { host: 'db.example', port: 6432, database: 'shop', user: 'app', sslmode: 'verify-full' },
  );
  assert.deepEqual(place.name, { namespace: 'sales', table: 'orders' });
  assert.equal(place.settings.password?.reveal(), password);
});

test('what the URL leaves out is taken as libpq would take it', () => {
  const env = { PGHOST: '127.0.0.1', PGPORT: '25', PGUSER: 'u', PGDATABASE: 'd', PGSSLMODE: 'require', PGSSLROOTCERT: 'ca.pem' };
  const place = sourcePlace('postgres:///users', env);
  assert.ok(place.kind === 'postgres');
  const { host, port, database, user, sslmode, ca, password: none } = place.settings;
  assert.deepEqual([host, port, database, user, sslmode, ca, none], ['127.0.0.1', 25, 'd', 'u', 'require', 'ca.pem', undefined]);
  assert.deepEqual(place.name, { namespace: 'public', table: 'users' });
  const local = sourcePlace('postgresql://u@localhost/d/public.users?sslmode=verify-ca', {});
  assert.equal(local.kind === 'postgres' && local.settings.sslmode, 'verify-ca');
});

test('${env:NAME} stands for a variable, as in foz.yaml', () => {
  const place = sourcePlace('postgres://app:${env:SHOP_PASSWORD}@db/shop/public.orders', { SHOP_PASSWORD: `p@ss:${password}` });
  assert.equal(place.kind === 'postgres' && place.settings.password?.reveal(), `p@ss:${password}`);
});

test('a Cassandra URL names node, keyspace and table', () => {
  const place = sourcePlace('cassandra://reader@[::1]:9043/rides.rides?datacenter=dc2', { CASSANDRA_PASSWORD: password });
  assert.ok(place.kind === 'cassandra');
  assert.deepEqual(place.settings.contactPoints, ['[::1]:9043']);
  assert.deepEqual([place.settings.localDataCenter, place.settings.auth?.username], ['dc2', 'reader']);
  assert.deepEqual(place.name, { namespace: 'rides', table: 'rides' });
  assert.deepEqual(sourcePlace('cassandra://127.0.0.1/rides/rides', {}).name, { namespace: 'rides', table: 'rides' });
});

test('a URL that does not say enough is refused without repeating it', () => {
  const wrong: readonly (readonly [url: string, says: RegExp])[] = [
    [`postgres://app:${password}@db/shop/`, /names no database|names no table/],
    [`postgres://app:${password}@db/a/b/c.d`, /names no table/],
    [`postgres://:${password}@db/shop/t`, /names no user/],
    [`postgres://app:${password}@db:99999/shop/t`, /cannot be read/],
    [`postgres://app:\${env:NOT_SET}@db/shop/${password}`, /refers to NOT_SET/],
    [`postgres://app:${password}@db/shop/t?sslmode=sometimes`, /sslmode/],
    [`cassandra://app:${password}@db/rides`, /names no table/],
  ];
  for (const [url, says] of wrong) {
    assert.throws(
      () => sourcePlace(url, {}),
      (error) =>
        error instanceof LakeError && error.code === 'CONFIG_INVALID' && says.test(error.message) && !inspect(error).includes(password),
      url,
    );
  }
});

test('the settings that come of a URL do not print its password', () => {
  const place = sourcePlace(`postgres://app:${password}@db/shop/t`, {});
  assert.doesNotMatch(`${JSON.stringify(place)} ${inspect(place, { depth: 9 })}`, new RegExp(password));
});

test('a name of foz.yaml’s is no URL', () => {
  assert.equal(isSourceUrl('users'), false);
  assert.equal(isSourceUrl('raw.users'), false);
  assert.equal(isSourceUrl('cassandra://h/k.t'), true);
});

test('a source that does not answer: exit 3, and no password on either stream', async () => {
  const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
  const url = `postgres://app:${password}@127.0.0.1:1/shop/public.users`;
  const { code, text } = await new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile(process.execPath, [entry, 'contract', 'draft', url, '--json'], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, text: stdout + stderr });
    });
  });
  assert.equal(code, 3, text);
  assert.match(text, /SOURCE_UNREACHABLE/);
  assert.doesNotMatch(text, new RegExp(password));
});
