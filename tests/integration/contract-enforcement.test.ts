// Contracts on the real stack: registered in the catalog, taken up by the worker, violations made in both databases found
// in `_violations`, a masked column in no byte of the lake, and nothing lost: the lake equals its (masked) sources.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { loadConfig, type LoadedConfig } from '../../cli/config.ts';
import { loadRides, loadUsers } from '../../cli/demo/load.ts';
import { startFoz } from '../../cli/demo/worker-process.ts';
import { upLocalStack } from '../../cli/local-stack.ts';
import { openLakeSession } from '../../cli/query/lake-session.ts';
import { targetNamed } from '../../cli/settings.ts';
import { compareWithLog } from '../../cli/verify/compare-with-log.ts';
import { verifyTable } from '../../cli/verify/verify-table.ts';
import { masksInForce, openLog } from '../../cli/wire.ts';
import { silentLogger } from '../../runtime/log.ts';
import { connectCassandra, connectPostgres } from '../../cli/stack-databases.ts';

const count = 50;
const entry = join(import.meta.dirname, '../../cli/foz.ts');
const definitions = join(import.meta.dirname, '../../contracts/definitions');
const run = promisify(execFile);

test(
  'violations made in PostgreSQL and Cassandra are found, masked values are not, and nothing is lost',
  { timeout: 300_000 },
  async () => {
    await using parts = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'foz-contract-'));
    parts.defer(() => rm(directory, { recursive: true, force: true }));
    const signal = AbortSignal.timeout(280_000);
    const { stack, configFile } = parts.use(await upLocalStack({ directory, isDetached: false, freshness: '1s' }, signal));
    await appendFile(configFile, '\ncontracts:\n  refresh: 1s\n  maskKeys:\n    - id: k1\n      key: an-example-key-of-32-bytes-in-all\n');
    const loaded = loadConfig(configFile, directory);
    const logFile = join(directory, 'worker.log');
    parts.use(startFoz({ entry, configFile, only: 'catalog', logFile }));
    await answering(loaded, signal);
    const masked = join(directory, 'users.odcs.yaml');
    const users = await readFile(join(definitions, 'users.odcs.yaml'), 'utf8');
    await writeFile(
      masked,
      users.replace(
        '- { property: pii, value: email }',
        '- { property: pii, value: email }\n          - { property: mask, value: { kind: hmac, keyId: k1 } }',
      ),
    );
    const { stdout } = await run(process.execPath, [
      entry,
      'contract',
      'register',
      masked,
      join(definitions, 'rides.odcs.yaml'),
      '--activate',
      '--config',
      configFile,
    ]);
    assert.match(stdout, /users/);

    parts.use(startFoz({ entry, configFile, only: 'sync', logFile }));
    const [pg, cql] = [stack.endpoint('postgres'), stack.endpoint('cassandra')];
    const postgres = parts.use(await connectPostgres(pg, signal));
    const cassandra = parts.use(await connectCassandra(cql, signal));
    await Promise.all([loadUsers(postgres.query, 1, count + 1, signal), loadRides(cassandra.query, 0, count, count, signal)]);
    for (const change of [`balance = -5`, `rating = 9`, `city = ''`, `full_name = ''`, `email = 'nobody.at.all'`])
      await postgres.query(`UPDATE public.users SET ${change} WHERE id = 7`, [], signal);
    const rides = await cassandra.query('SELECT city, day, ride_id FROM rides.rides LIMIT 1', [], signal);
    const [ride] = rides;
    assert.ok(ride);
    const key = [ride['city'], ride['day'], ride['ride_id']];
    for (const change of ['fare = -5', 'surge = 9.5', 'seats = 99', `driver = ''`])
      await cassandra.query(`UPDATE rides.rides SET ${change} WHERE city = ? AND day = ? AND ride_id = ?`, key, signal);

    const session = parts.use(await openLakeSession(loaded, silentLogger));
    const log = parts.use(openLog(loaded, silentLogger));
    for (const name of ['users', 'rides']) {
      const target = targetNamed(loaded.config, name);
      const masks = await masksInForce(loaded, target.ident, signal);
      const verified = await verifyTable({ target, loaded, log, masks, ...session, waitMs: 90_000 }, signal);
      assert.deepEqual(verified.samples, [], name);
      assert.equal(verified.lake, verified.source, name);
      const proof = { target, log, ...session, cacheDir: join(directory, 'proof'), masks: masks ? [masks] : [] };
      const compared = await compareWithLog(proof, signal);
      assert.deepEqual(compared.samples, [], name);
      assert.equal(compared.checked, compared.rowsRaw);
    }

    const found = async (table: string) => {
      const sql = `SELECT DISTINCT v.property || ' ' || v."rule" || ' ' || coalesce(v."value", '-') FROM (SELECT unnest(_violations) AS v FROM raw.${table}) ORDER BY 1`;
      return (await session.lake.query(sql, signal)).rows.map(([text]) => String(text));
    };
    const inUsers = await found('users');
    for (const wanted of ['balance minimum -5', 'rating maximum 9', 'city minLength ', 'full_name minLength ', 'email format -'])
      assert.ok(
        inUsers.some((text) => text.startsWith(wanted)),
        `${wanted} is not among ${inUsers.join('; ')}`,
      );
    const inRides = await found('rides');
    for (const wanted of ['fare minimum -5', 'surge maximum 9.5', 'seats maximum 99', 'driver minLength '])
      assert.ok(
        inRides.some((text) => text.startsWith(wanted)),
        `${wanted} is not among ${inRides.join('; ')}`,
      );
    const { rows } = await session.lake.query(
      `SELECT count(*), count(*) FILTER (WHERE regexp_full_match("after".email, '[0-9a-f]{64}')) FROM raw.users WHERE "after" IS NOT NULL`,
      signal,
    );
    assert.deepEqual(rows[0]?.[0], rows[0]?.[1], 'every e-mail address is masked');
  },
);

/** The catalog's process may still be starting. */
async function answering({ config }: LoadedConfig, signal: AbortSignal): Promise<void> {
  const url = `http://${config.catalog.kind === 'embedded' ? config.catalog.listen : ''}/v1/config`;
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(url, { signal }).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
