// Reports as people get them: from the command in each format, and from the process that serves the quality jobs.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { board } from '../../cli/commands/quality/board.ts';
import { history } from '../../cli/commands/quality/history.ts';
import { run } from '../../cli/commands/quality/run.ts';
import { show } from '../../cli/commands/quality/show.ts';
import { query } from '../../cli/commands/query.ts';
import { loadConfig } from '../../cli/config.ts';
import { openLineage } from '../../cli/wire.ts';
import { systemClock } from '../../runtime/clock.ts';
import { isRecord } from '../../runtime/options.ts';
import { foz, withLake } from './quality-command-fixture.ts';
import { readXml } from './read-xml.ts';

const entry = fileURLToPath(new URL('../../bin/foz.mjs', import.meta.url));

const rows = [
  { id: 1, email: 'ann@example.org', status: 'active' },
  { id: 2, email: 'bob@example.org', status: 'lost' },
];

test('a run is told in the format asked for, without the rows that fail where others read it', () =>
  withLake(async (folder, land) => {
    await land(rows);
    const told = async (format: string) => (await foz(folder, run, [], false, { format })).stdout;
    const junit = readXml(await told('junit'));
    assert.deepEqual(
      [junit.attributes['tests'], junit.attributes['failures'], junit.children.map(({ attributes }) => attributes['name'])],
      ['5', '1', ['users']],
    );
    const github = await told('github');
    assert.match(
      github,
      /^::error file=.*users\.yaml,line=5,title=quality%3A users\.invalid-values-status failed::1 of 2 rows \(50 %25\); expected 0$/,
    );
    const event: unknown = JSON.parse(await told('openlineage'));
    assert.ok(isRecord(event) && Array.isArray(event['inputs']));
    assert.deepEqual(
      event['inputs'].map(({ name }: { name: string }) => name),
      ['current.users', 'raw.users'],
    );
    const json: unknown = JSON.parse((await foz(folder, run, [], true)).stdout);
    assert.ok(isRecord(json) && Array.isArray(json['checks']) && Array.isArray(json['results']));
    assert.deepEqual([json['result'], json['checks'].length, json['results'].length], ['failed', 5, 5]);
    for (const text of [await told('junit'), github, await told('openlineage')]) assert.ok(!text.includes('bob@example.org'));
    const one = ['users.invalid-values-status'];
    assert.equal((await foz(folder, show, one, false, { format: 'github' })).stdout, github);
    assert.equal(readXml((await foz(folder, show, one, false, { format: 'junit' })).stdout).attributes['failures'], '1');
    const events = (await foz(folder, history, one, false, { format: 'openlineage' })).stdout
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    assert.equal(events.length, 1);
    assert.match(JSON.stringify(events[0]), /"name":"users\.invalid-values-status","status":"fail"/);
    const out = await mkdtemp(join(tmpdir(), 'foz-report-'));
    try {
      const file = join(out, 'quality.xml');
      assert.equal((await foz(folder, run, [], false, { format: 'junit', output: file })).stdout, '');
      assert.equal(readXml(await readFile(file, 'utf8')).name, 'testsuites');
      const missing = { format: 'junit', output: join(out, 'no', 'folder.xml') };
      await assert.rejects(foz(folder, run, [], false, missing), { code: 'ARGUMENT_INVALID' });
    } finally {
      await rm(out, { recursive: true });
    }
    const shown = await foz(folder, board, []);
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /^users: score 80 %, coverage 100 %$/m);
    assert.match((await foz(folder, board, [], false, { format: 'html' })).stdout, /^<!doctype html>/);
  }));

test('what is served: gauges for Prometheus, tables of results that foz query reads, and the lineage of the catalog', () =>
  withLake(async (folder, land) => {
    await land(rows);
    const port = await freePort();
    const args = ['quality', 'serve', '-q', '-c', join(folder, 'foz.yaml'), '--listen', `127.0.0.1:${port}`];
    const child = fork(entry, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    try {
      const gauge = 'foz_quality_check_status{table="users",check="duplicate-values-email",severity="error"} 0';
      await until(async () => (await metricsAt(port)).includes(gauge));
      assert.match(await metricsAt(port), /^foz_quality_table_score\{table="users"\} 80$/m);
      const [first] = await until(async () =>
        results(folder, 'SELECT check_id, outcome, value, reason FROM foz.quality_results ORDER BY outcome'),
      );
      assert.deepEqual(first, ['users.invalid-values-status', 'failed', 1, '1 of 2 rows (50 %); expected 0']);
      const config = loadConfig(join(folder, 'foz.yaml'), folder);
      await using lineage = await openLineage(config);
      const view = await lineage.view({ dataset: 'current.users', direction: 'downstream', depth: 1 });
      assert.deepEqual(view.kind === 'ok' ? view.value.jobs.map(({ name }) => name) : view, ['quality users']);
      const { consumers } = await lineage.consumersOf('users', null, new AbortController().signal);
      assert.deepEqual(consumers, [], 'a check is nobody who must be told of a change');
    } finally {
      child.disconnect();
      await ended;
    }
    assert.equal(await ended, 0);
    // What waited was appended before the end: each result once, as the store has them.
    const counted = await results(folder, 'SELECT count(*) = count(DISTINCT result_key), count(*) > 0 FROM foz.quality_results');
    assert.deepEqual(counted, [[true, true]]);
  }, ', publish: { every: 1s }'));

async function results(folder: string, sql: string): Promise<readonly (readonly unknown[])[]> {
  const chunks: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  // The command writes its JSON itself: integers beyond 2^53 are no numbers of JavaScript.
  process.stdout.write = (chunk) => {
    chunks.push(String(chunk));
    return true;
  };
  try {
    await foz(folder, query, [sql], true);
  } catch {
    return [];
  } finally {
    process.stdout.write = write;
  }
  const answer: unknown = JSON.parse(chunks.find((chunk) => chunk.startsWith('{"columns"')) ?? '{}');
  return isRecord(answer) && Array.isArray(answer['rows']) ? answer['rows'] : [];
}

async function metricsAt(port: number): Promise<string> {
  return fetch(`http://127.0.0.1:${port}/metrics`).then(
    (response) => response.text(),
    () => '',
  );
}

/** The first answer that is neither false nor empty. */
async function until<T>(ask: () => Promise<T>): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (answer !== false && !(Array.isArray(answer) && answer.length === 0)) return answer;
    assert.ok(Date.now() < end, 'it did not come');
    await systemClock.sleep(250);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
