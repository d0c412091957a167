// The sources change while everything runs: ALTER TABLE in PostgreSQL and Cassandra under a steady writer, told as drift,
// followed by a version of the contract, planned, applied beside the worker; after each step the lake equals its source,
// and at the end every record of the log is one row that rebuilds it.

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apply } from '../../cli/commands/contract/apply.ts';
import { diff } from '../../cli/commands/contract/diff.ts';
import { plan } from '../../cli/commands/contract/plan.ts';
import { register } from '../../cli/commands/contract/register.ts';
import { verify } from '../../cli/commands/verify.ts';
import { loadConfig, type LoadedConfig } from '../../cli/config.ts';
import { demoRide } from '../../cli/demo/data.ts';
import { catalogAnswers, startFoz } from '../../cli/demo/worker-process.ts';
import { upLocalStack } from '../../cli/local-stack.ts';
import { openLakeSession, type LakeSession } from '../../cli/query/lake-session.ts';
import { targetNamed } from '../../cli/settings.ts';
import { compareWithLog } from '../../cli/verify/compare-with-log.ts';
import { openLog } from '../../cli/wire.ts';
import { silentLogger } from '../../runtime/log.ts';
import { fozCommand, type Foz } from './foz-command.ts';
import { tableAddSection } from './table-add-section.ts';
import { until } from './stack-processes.ts';
import { further, steadyWriter, type SteadyWriter } from './steady-writer.ts';
import { connectCassandra, connectPostgres } from '../../cli/stack-databases.ts';

const entry = join(import.meta.dirname, '../../cli/foz.ts');
const definitions = join(import.meta.dirname, '../../contracts/definitions');

test('ALTER TABLE under load: told, planned, applied beside the worker; nothing is lost', { timeout: 720_000 }, async (t) => {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'foz-evolution-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const signal = AbortSignal.timeout(700_000);
  const { stack, configFile } = parts.use(await upLocalStack({ directory, isDetached: false, freshness: '1s' }, signal));
  await appendFile(configFile, '\ncontracts:\n  refresh: 1s\n  drift: { interval: 2s }\n');
  const loaded = loadConfig(configFile, directory);
  const foz = fozCommand(configFile, directory, signal);
  const [pg, cql] = [stack.endpoint('postgres'), stack.endpoint('cassandra')];
  const postgres = parts.use(await connectPostgres(pg, signal));
  const cassandra = parts.use(await connectCassandra(cql, signal));
  const sql = async (text: string) => void (await postgres.query(text, [], signal));
  const cqlRun = async (text: string, params: readonly unknown[] = []) => void (await cassandra.query(text, [...params], signal));

  const logFile = join(directory, 'worker.log');
  parts.use(startFoz({ entry, configFile, only: 'catalog', logFile }));
  await catalogAnswers(loaded.config.catalog.kind === 'embedded' ? loaded.config.catalog.listen : '', signal);
  await sql('ALTER TABLE public.users ADD COLUMN tier integer');
  const users = await openContract(foz, directory, 'users', '13', 'tier', 'integer', 'integer');
  const rides = await openContract(foz, directory, 'rides', null);
  const worker = parts.use(startFoz({ entry, configFile, only: 'sync', logFile }));
  const userColumns: Record<string, (n: number) => string> = { city: () => `'Porto'`, tier: (n) => String(n), balance: () => '12.34' };
  const userWriter = parts.use(steadyWriter((n) => sql(userStatement(n, userColumns)), 40));
  const rideRow: Record<string, (n: number) => unknown> = {
    ride_id: (n) => demoRide(n, 100).rideId,
    surge: () => 1.5,
    pickup: () => ({ lat: 38.5, lon: -9.5, label: 'stop' }),
  };
  const rideWriter = parts.use(steadyWriter((n) => cqlRun('INSERT INTO rides.rides JSON ? DEFAULT UNSET', [rideText(n, rideRow)]), 60));
  const session = parts.use(await openLakeSession(loaded, silentLogger));
  const agentPid = () => stack.pid('cassandra-cdc').catch(() => null);
  const step: Step = { foz, loaded, session, signal };

  await until('rows of both tables', 60_000, async () => {
    const { tables = [] } = await statusOf(loaded, signal);
    return (
      ['raw.users', 'raw.rides'].every((name) => tables.some(({ table, rowsCommitted }) => table === name && rowsCommitted > 0)) || null
    );
  });
  const inPostgres = async () => {
    const after = chained(t, 'PostgreSQL');
    await after('ADD lands in columns that no contract had; typed by the next version', async () => {
      await sql('ALTER TABLE public.users ADD COLUMN nickname text, ADD COLUMN score numeric(8,2)');
      Object.assign(userColumns, { nickname: (n: number) => `'nick ${n}'`, score: (n: number) => `${n}.50` });
      await landed(step, 'users', 'score');
      await drifted(step, 'users', ['column-added nickname', 'column-added score']);
      await users.to('1.1.0', (text) =>
        withProperty(withProperty(text, '14', 'nickname', 'string', 'text'), '15', 'score', 'number', 'numeric(8,2)'),
      );
      assert.deepEqual(await planned(step, 'users'), { code: 1, steps: ['decision score'] });
      await applied(step, 'users', { decide: ['score=replace'] });
      await verified(step, 'users', userWriter);
    });
    await after('RENAME keeps the field id, with rows of either name', async () => {
      const before = await fieldId(step, 'users', 'city');
      await sql('ALTER TABLE public.users RENAME COLUMN city TO town');
      renameKey(userColumns, 'city', 'town');
      await landed(step, 'users', 'town');
      await drifted(step, 'users', ['column-renamed city']);
      await users.to('2.0.0', (text) => replaced(text, '- name: city\n', '- name: town\n'));
      assert.deepEqual(await planned(step, 'users'), { code: 0, steps: ['rename town', 'replace town'] });
      await applied(step, 'users');
      assert.equal(await fieldId(step, 'users', 'town'), before);
      await verified(step, 'users', userWriter);
    });
    await after('a wider type keeps the values, and takes larger ones from then on', async () => {
      await sql('ALTER TABLE public.users ALTER COLUMN tier TYPE bigint, ALTER COLUMN balance TYPE numeric(14,2)');
      await drifted(step, 'users', ['type-widened balance', 'type-widened tier']);
      await users.to('2.1.0', (text) =>
        replaced(replaced(text, 'numeric(12,2)', 'numeric(14,2)'), 'physicalType: integer', 'physicalType: bigint'),
      );
      assert.deepEqual(await planned(step, 'users'), { code: 0, steps: ['widen balance', 'widen tier'] });
      await applied(step, 'users');
      // The worker looks at the table's columns once a second; a larger value before that would be rescued.
      await sleep(1500);
      Object.assign(userColumns, { tier: (n: number) => String(5_000_000_000 + n), balance: () => '123456789012.34' });
      await further(userWriter);
      await verified(step, 'users', userWriter);
      assert.equal((await countOf(step, 'current.users', 'tier > 5000000000 AND balance > 123456789012')) > 0, true);
    });
    await after(
      'a narrower type is refused as a minor version; fewer decimals are a decision, and older values are read cast',
      async () => {
        // Paused until the column has followed: 1.5 is not written back as it came from one of two decimals, and rescued.
        await userWriter.pause();
        await sql('ALTER TABLE public.users ALTER COLUMN score TYPE numeric(7,1)');
        await drifted(step, 'users', ['type-narrowed score']);
        const refusal = await users.to('2.2.0', (text) => replaced(text, 'numeric(8,2)', 'numeric(7,1)'), 1);
        assert.match(refusal, /major version/);
        await users.to('3.0.0', (text) => text);
        assert.deepEqual(await planned(step, 'users'), { code: 1, steps: ['decision score'] });
        await applied(step, 'users', { decide: ['score=replace'] });
        await sleep(1500);
        userWriter.resume();
        await further(userWriter);
        await verified(step, 'users', userWriter);
      },
    );
    await after('DROP hides the column; its values stay in raw', async () => {
      await sql('ALTER TABLE public.users DROP COLUMN nickname');
      delete userColumns['nickname'];
      await further(userWriter);
      await drifted(step, 'users', ['column-dropped nickname']);
      await users.to('4.0.0', (text) => withoutProperty(text, 'nickname'));
      const hidden = await fieldId(step, 'users', 'nickname');
      assert.deepEqual(await planned(step, 'users'), { code: 0, steps: ['hide nickname', 'reorder *'] });
      await applied(step, 'users');
      await verified(step, 'users', userWriter);
      assert.ok((await countOf(step, 'raw.users', `"after"."_dropped_${hidden}_nickname" LIKE 'nick %'`)) > 0);
    });
  };
  const inCassandra = async () => {
    const after = chained(t, 'Cassandra');
    await after('ADD a column, and a field of a type whose contract came first', async () => {
      await rides.to('1.1.0', (text) =>
        text.replace(/^( +)- name: label$/m, '$1- name: floor\n$1  logicalType: integer\n$1  physicalType: int\n$&'),
      );
      await applied(step, 'rides');
      // The agent takes in no new form of a table with a type of its own: it ends at the first change that it cannot read.
      await cqlRun('ALTER TYPE rides.place ADD floor int');
      await cqlRun('ALTER TABLE rides.rides ADD tip int');
      const pid = await agentPid();
      Object.assign(rideRow, { tip: (n: number) => n, pickup: (n: number) => ({ lat: 38.5, lon: -9.5, label: 'stop', floor: n }) });
      await until('the agent is started again by itself', 60_000, async () => {
        const now = await agentPid();
        return now === null || now === pid ? null : now;
      });
      await drifted(step, 'rides', ['column-added tip']);
      await rides.to('1.2.0', (text) => withProperty(text, 'tip', 'tip', 'integer', 'int'));
      await applied(step, 'rides');
      await verified(step, 'rides', rideWriter);
      assert.equal(await countOf(step, 'raw.rides', '_rescued IS NOT NULL'), 0);
      assert.ok((await countOf(step, 'current.rides', 'pickup.floor > 0')) > 0);
    });
    await after('RENAME of a key column: one row stays one row', async () => {
      await cqlRun('ALTER TABLE rides.rides RENAME ride_id TO trip_id');
      renameKey(rideRow, 'ride_id', 'trip_id');
      await further(rideWriter);
      await drifted(step, 'rides', ['column-renamed ride_id']);
      await rides.to('2.0.0', (text) => replaced(text, '- name: ride_id\n', '- name: trip_id\n'));
      await applied(step, 'rides');
      await stack.stop('cassandra-cdc');
      await stack.start('cassandra-cdc', signal);
      await cqlRun(`UPDATE rides.rides SET driver = 'again' WHERE city = ? AND day = ? AND trip_id = ?`, firstRide());
      await verified(step, 'rides', rideWriter, true);
      assert.equal(await countOf(step, 'current.rides', `driver = 'again'`), 1);
    });
    await after('DROP hides the column', async () => {
      // Paused: a change of the column that the agent has not read before it is dropped cannot be read any more.
      await cqlRun('ALTER TABLE rides.rides DROP surge');
      delete rideRow['surge'];
      rideWriter.resume();
      await further(rideWriter);
      await drifted(step, 'rides', ['column-dropped surge']);
      await rides.to('3.0.0', (text) => withoutProperty(text, 'surge'));
      assert.deepEqual(await planned(step, 'rides'), { code: 0, steps: ['hide surge', 'reorder *'] });
      await applied(step, 'rides');
      await verified(step, 'rides', rideWriter);
    });
  };
  await Promise.all([inPostgres(), inCassandra()]);
  await tableAddSection(t, { foz, configFile, directory, session, sql, signal });
  await t.test('every record of the log is one row that rebuilds it', async () => {
    await Promise.all([userWriter.stop(), rideWriter.stop()]);
    const log = parts.use(openLog(loaded, silentLogger));
    for (const name of ['users', 'rides']) {
      await verified(step, name, null);
      const proof = { target: targetNamed(loaded.config, name), log, ...session, cacheDir: join(directory, 'proof') };
      const compared = await compareWithLog(proof, signal);
      assert.deepEqual(compared.samples, [], name);
      assert.deepEqual([compared.checked, compared.mismatched], [compared.rowsRaw, 0], name);
      assert.ok(compared.checked > 100, `${name}: ${compared.checked} records`);
      t.diagnostic(`${name}: ${compared.checked} records`);
    }
    assert.equal(await worker.stop(), 0);
  });
});

/** Each step builds on the one before: after a failure the rest says nothing. */
function chained(t: TestContext, source: string): (name: string, work: () => Promise<void>) => Promise<void> {
  let failed: string | null = null;
  return (name, work) =>
    t.test(`${source}: ${name}`, async () => {
      assert.equal(failed, null, 'an earlier step failed');
      failed = name;
      await work();
      failed = null;
    });
}

interface Step {
  readonly foz: Foz;
  readonly loaded: LoadedConfig;
  readonly session: LakeSession;
  readonly signal: AbortSignal;
}

interface OpenContract {
  /** Registers what the text has become; the refusal where exit 1 is expected. */
  to(version: string, edit: (text: string) => string, code?: number): Promise<string>;
}

/** The shipped contract, free to break with its versions, in force before anything lands. */
async function openContract(foz: Foz, directory: string, name: string, ...property: readonly (string | null)[]): Promise<OpenContract> {
  const file = join(directory, `${name}.odcs.yaml`);
  let text = await readFile(join(definitions, `${name}.odcs.yaml`), 'utf8');
  let version = '1.0.0';
  text = replaced(text, 'version: 1.0.0\n', 'version: 1.0.0\ncustomProperties:\n  - { property: compatibility, value: none }\n');
  const [id, ...rest] = property.filter((part) => part !== null);
  if (id !== undefined) text = withProperty(text, id, ...(rest as [string, string, string]));
  const put = async (code: number): Promise<string> => {
    await writeFile(file, text);
    const ended = await foz(register, [[file]], { activate: true });
    assert.equal(ended.code, code, ended.text);
    return ended.text;
  };
  await put(0);
  return {
    to: async (next, edit, code = 0) => {
      text = replaced(edit(text), `version: ${version}\n`, `version: ${next}\n`);
      version = next;
      return put(code);
    },
  };
}

/** Both the command and the scheduled comparison say so. */
async function drifted({ foz, loaded, signal }: Step, name: string, wanted: readonly string[]): Promise<void> {
  const ended = await foz(diff, [name], { source: true });
  assert.equal(ended.code, 1, ended.text);
  const [table] = ended.answer['tables'] as readonly { readonly drifts: readonly DriftTold[] }[];
  assert.deepEqual(table?.drifts.flatMap(told).toSorted(), wanted.toSorted(), ended.text);
  for (let tries = 0; ; tries++) {
    const { drift } = await statusOf(loaded, signal);
    const found = drift
      .find(({ table: other }) => other === name)
      ?.drifts.flatMap(told)
      .toSorted();
    if (JSON.stringify(found) === JSON.stringify(wanted.toSorted())) return;
    assert.ok(tries < 120, `the scheduled comparison says ${JSON.stringify(found)}`);
    await sleep(250);
  }
}

/** What the worker says of itself, once it answers. */
async function statusOf({ config }: LoadedConfig, signal: AbortSignal): Promise<WorkerTold> {
  for (;;) {
    const response = await fetch(`http://${config.http.listen}/status`, { signal }).catch(() => null);
    if (response?.ok) return (await response.json()) as WorkerTold;
    signal.throwIfAborted();
    await sleep(250);
  }
}

interface WorkerTold {
  readonly tables?: readonly { readonly table: string; readonly rowsCommitted: number }[];
  readonly drift: readonly { readonly table: string; readonly drifts: readonly DriftTold[] }[];
}

interface DriftTold {
  readonly kind: string;
  readonly column: string;
  readonly severity: string;
}

function told({ kind, column, severity }: DriftTold): readonly string[] {
  return severity === 'info' ? [] : [`${kind} ${column}`];
}

async function planned({ foz }: Step, name: string): Promise<{ readonly code: number; readonly steps: readonly string[] }> {
  const { code, answer } = await foz(plan, [name]);
  const steps = answer['steps'] as readonly { readonly kind: string; readonly column: string }[];
  return { code, steps: steps.map(({ kind, column }) => `${kind} ${column}`) };
}

async function applied({ foz }: Step, name: string, options: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const ended = await foz(apply, [name], options);
  assert.deepEqual([ended.code, ended.answer['outcome']], [0, 'applied'], ended.text);
}

/** PostgreSQL is compared while its writer goes on; Cassandra has no snapshot, so its writer pauses. */
async function verified({ foz }: Step, name: string, writer: SteadyWriter | null, staysPaused = false): Promise<void> {
  const isPaused = name === 'rides';
  if (isPaused) await writer?.pause();
  const ended = await foz(verify, [name], { wait: 150 });
  if (isPaused && !staysPaused) writer?.resume();
  assert.deepEqual([ended.code, ended.answer['samples']], [0, []], ended.text);
  assert.ok(Number(ended.answer['source']) > 0);
}

async function countOf({ session, signal }: Step, relation: string, where: string): Promise<number> {
  const { rows } = await session.lake.query(`SELECT count(*) FROM ${relation} WHERE ${where}`, signal);
  return Number(rows[0]?.[0]);
}

async function fieldId({ session, signal }: Step, name: string, column: string): Promise<number> {
  const schema = await session.lake.schemaOf(name, signal);
  const after = schema?.fields.find((field) => field.name === 'after')?.type;
  assert.ok(typeof after === 'object' && after.type === 'struct');
  const found = after.fields.find((field) => field.name === column);
  assert.ok(found, `${column} is none of ${after.fields.map((field) => field.name).join(', ')}`);
  return found.id;
}

/** Rows that have the column are in the lake. */
async function landed({ session, signal }: Step, name: string, column: string): Promise<void> {
  await until(`rows with ${column}`, 60_000, async () => {
    const after = (await session.lake.schemaOf(name, signal))?.fields.find((field) => field.name === 'after')?.type;
    return typeof after === 'object' && after.type === 'struct' && after.fields.some((field) => field.name === column) ? true : null;
  });
}

/** Inserts and, of every row but the newest, an update later. */
function userStatement(n: number, columns: Readonly<Record<string, (n: number) => string>>): string {
  const names = Object.keys(columns);
  if (n % 3 === 2)
    return `UPDATE public.users SET ${names.map((name) => `${name} = ${columns[name]?.(n) ?? ''}`).join(', ')} WHERE id = ${n - 2 + 1}`;
  return `INSERT INTO public.users (id, email, full_name, ${names.join(', ')}) VALUES (${n + 1}, 'u${n}@example.org', 'User ${n}', ${names.map((name) => columns[name]?.(n) ?? '').join(', ')})`;
}

function rideText(n: number, row: Readonly<Record<string, (n: number) => unknown>>): string {
  const { city, day, userId, status } = demoRide(n, 100);
  const more = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value(n)]));
  return JSON.stringify({ city, day, user_id: userId, status, fare: 12.5, seats: 2, ...more });
}

function firstRide(): readonly unknown[] {
  const { city, day, rideId } = demoRide(0, 100);
  return [city, day, rideId];
}

function renameKey<T>(columns: Record<string, T>, from: string, to: string): void {
  const { [from]: value } = columns;
  if (value !== undefined) columns[to] = value;
  delete columns[from];
}

function replaced(text: string, from: string, to: string): string {
  assert.ok(text.includes(from), `the contract has no ${from}`);
  return text.replaceAll(from, to);
}

/** At the end of the only table's properties. */
function withProperty(text: string, id: string, name: string, logicalType: string, physicalType: string): string {
  const lines = text.split('\n');
  const from = lines.indexOf('    properties:') + 1;
  const length = lines.slice(from).findIndex((line) => !line.startsWith('      '));
  const property = [`- name: ${name}`, `  id: '${id}'`, `  logicalType: ${logicalType}`, `  physicalType: ${physicalType}`];
  return [...lines.slice(0, from + length), ...property.map((line) => `      ${line}`), ...lines.slice(from + length)].join('\n');
}

function withoutProperty(text: string, name: string): string {
  const lines = text.split('\n');
  const from = lines.indexOf(`      - name: ${name}`);
  assert.ok(from >= 0, name);
  const length = lines.slice(from + 1).findIndex((line) => !line.startsWith('        '));
  return [...lines.slice(0, from), ...lines.slice(from + 1 + length)].join('\n');
}
