// One more table while everything runs, and is written to: what the role may not do is told first, then rows from before
// the command and rows written during it are all in the lake, once; the command repeated changes nothing.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { table } from '../../cli/commands/table.ts';
import { verify } from '../../cli/commands/verify.ts';
import { loadConfig } from '../../cli/config.ts';
import type { LakeSession } from '../../cli/query/lake-session.ts';
import { targetNamed } from '../../cli/settings.ts';
import { compareWithLog } from '../../cli/verify/compare-with-log.ts';
import { openLog } from '../../cli/wire.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';
import type { Foz } from './foz-command.ts';
import { until } from './stack-processes.ts';
import { steadyWriter } from './steady-writer.ts';

export interface TableAddWorld {
  readonly foz: Foz;
  readonly configFile: string;
  readonly directory: string;
  readonly session: LakeSession;
  /** As the owner of the database. */
  readonly sql: (text: string) => Promise<void>;
  readonly signal: AbortSignal;
}

const before = 300;

export async function tableAddSection(t: TestContext, world: TableAddWorld): Promise<void> {
  const { foz, sql, session, configFile, directory, signal } = world;
  const add = async (...names: readonly string[]) => {
    const { commands } = table;
    assert.ok(commands['add']);
    const { code, answer, text } = await foz(commands['add'], names);
    const steps = answer['steps'] as readonly { readonly step: string; readonly outcome: string; readonly detail: string }[];
    return { code, text, steps, outcomes: steps.map(({ step, outcome }) => `${step} ${outcome}`) };
  };
  await t.test('foz table add: a table that is absent or has no key is refused with what to do', async () => {
    await sql('CREATE TABLE public.keyless (a integer)');
    await assert.rejects(add('public.ordres'), refused(/no table public\.ordres/, /pg_tables/));
    await assert.rejects(add('public.keyless'), refused(/no primary key/, /ADD PRIMARY KEY/));
  });
  await t.test('foz table add: rows from before and rows written meanwhile all land, once', async () => {
    await sql('CREATE TABLE public.orders (id bigint PRIMARY KEY, note text, amount numeric(10,2))');
    await sql(`INSERT INTO public.orders SELECT i, 'order ' || i, i FROM generate_series(1, ${before}) i`);
    const told = await add('public.orders');
    assert.deepEqual([told.code, told.outcomes], [1, ['rights by hand', 'topic done', 'publication by hand']], told.text);
    for (const { outcome, detail } of told.steps) if (outcome === 'by hand') await sql(detail);
    await using writer = steadyWriter(
      (n) =>
        sql(
          n % 2 === 0
            ? `INSERT INTO public.orders VALUES (${before + 1 + n}, 'new', 1.50)`
            : `UPDATE public.orders SET note = 'changed ${n}' WHERE id = ${1 + (n % before)}`,
        ),
      20,
    );
    const done = await add('public.orders');
    assert.deepEqual(
      [done.code, done.outcomes],
      [0, ['topic there', 'publication there', 'connector done', 'snapshot done', 'foz.yaml done']],
      done.text,
    );
    await until('foz verify orders is equal', 90_000, async () => {
      const ended = await foz(verify, ['orders'], { wait: 20 }).catch((error: unknown) => {
        if (error instanceof LakeError) return null;
        throw error;
      });
      return ended?.code === 0 && Number(ended.answer['source']) > before ? ended : null;
    });
    await writer.stop();
    assert.ok(writer.written > 20, `${writer.written} written meanwhile`);
    const ended = await foz(verify, ['orders']);
    assert.deepEqual([ended.code, ended.answer['samples']], [0, []]);
    const loaded = loadConfig(configFile, directory);
    await using log = openLog(loaded, silentLogger);
    const proof = { target: targetNamed(loaded.config, 'orders'), log, ...session, cacheDir: `${directory}/proof-orders` };
    const compared = await compareWithLog(proof, signal);
    assert.deepEqual([compared.samples, compared.mismatched, compared.checked], [[], 0, compared.rowsRaw]);
  });
  await t.test('foz table add, repeated, changes nothing', async () => {
    const count = 'SELECT count(*) FROM raw.orders';
    const [text, rows] = [await readFile(configFile, 'utf8'), (await session.lake.query(count, signal)).rows];
    const again = await add('public.orders');
    assert.deepEqual(again.outcomes, ['topic there', 'publication there', 'connector there', 'snapshot there', 'foz.yaml there']);
    assert.equal((await foz(verify, ['orders'])).code, 0);
    assert.deepEqual([await readFile(configFile, 'utf8'), (await session.lake.query(count, signal)).rows], [text, rows]);
  });
}

const refused = (pattern: RegExp, next: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LakeError && error.code === 'CONFIG_INVALID', String(error));
  assert.match(error.message, pattern);
  assert.match(String(error.context['next']), next);
  return true;
};
