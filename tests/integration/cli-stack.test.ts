// The commands on the real stack, as a person types them: up, run, status, a halt and its decision, down.

import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess, type ExecFileException } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import { readStack, type Stack } from '../../stack/stack.ts';
import { connectPostgres } from '../../cli/stack-databases.ts';

const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
const topic = 'pg.public.users';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface TableRow {
  readonly table: string;
  readonly state: string;
  readonly positions: Readonly<Record<string, string>>;
}

function foz(cwd: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...args], { cwd, timeout: 240_000 }, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 99), stdout, stderr });
    });
  });
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stderr(): string;
}

function start(cwd: string, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [entry, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  return { child, ended, stderr: () => stderr };
}

async function insertUsers(stack: Stack, from: number, to: number): Promise<void> {
  await using client = await connectPostgres(stack.endpoint('postgres'));
  await client.query(
    `INSERT INTO public.users (id, email, full_name, city) SELECT i, 'u' || i, 'User ' || i, 'Porto' FROM generate_series(${from}, ${to}) i`,
  );
}

async function usersStatus(cwd: string): Promise<{ code: number; row: TableRow | undefined }> {
  const { code, stdout } = await foz(cwd, 'status', '--json');
  const document = JSON.parse(stdout) as { worker: { status: { tables?: readonly TableRow[] } | null } };
  return { code, row: document.worker.status?.tables?.find(({ table }) => table === 'raw.users') };
}

async function untilPosition(cwd: string, wanted: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { row } = await usersStatus(cwd);
    if (row?.positions['0'] === wanted) return;
    assert.ok(tries < 60, `raw.users stands at ${JSON.stringify(row)}, wanted ${wanted}`);
    await sleep(500);
  }
}

async function highWatermark(admin: kafkajs.Admin): Promise<string> {
  const [first] = await admin.fetchTopicOffsets(topic);
  return first?.high ?? '';
}

async function untilHighWatermark(admin: kafkajs.Admin, wanted: string): Promise<void> {
  for (let tries = 0; (await highWatermark(admin)) !== wanted; tries++) {
    assert.ok(tries < 120, `${topic} does not reach ${wanted}`);
    await sleep(250);
  }
}

test('up, run, status, halt, decide, down', { timeout: 420_000 }, async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), 'foz-stack-'));
  t.after(async () => {
    await foz(cwd, 'down', '--delete-data');
    await rm(cwd, { recursive: true, force: true });
  });
  const up = await foz(cwd, 'up', '--freshness', '500ms', '--json');
  assert.equal(up.code, 0, up.stderr);
  const again = await foz(cwd, 'up');
  assert.equal(again.code, 3, 'a second up beside a running stack is refused');
  const demo = await foz(cwd, 'demo');
  assert.equal(demo.code, 3, 'a demo, which begins from nothing, leaves a running stack alone');
  assert.match(demo.stderr, /next: +foz down/);
  await using stack = await readStack(join(cwd, '.foz', 'stack'));
  assert.ok(stack);
  const kafka = new kafkajs.Kafka({ brokers: [stack.endpoint('kafka').bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  t.after(() => admin.disconnect());

  await t.test('what PostgreSQL commits is committed to the lake; SIGTERM ends the worker with 0', async () => {
    const worker = start(cwd, 'run');
    await insertUsers(stack, 1, 100);
    await untilPosition(cwd, '100');
    worker.child.kill('SIGTERM');
    assert.equal(await worker.ended, 0, worker.stderr());
    assert.equal((await usersStatus(cwd)).code, 3, 'without a worker status says so');
  });

  await t.test('I7: what retention deleted unread halts the table with the range and the command, exit 4', async () => {
    await insertUsers(stack, 101, 200);
    await untilHighWatermark(admin, '200');
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '150' }] });
    const worker = start(cwd, 'run');
    for (let tries = 0; (await usersStatus(cwd)).row?.state !== 'halted'; tries++) {
      assert.ok(tries < 60, worker.stderr());
      await sleep(500);
    }
    const status = await foz(cwd, 'status');
    assert.equal(status.code, 4);
    assert.match(status.stdout, /offsets \[100, 150\)[\s\S]*foz resume raw\.users --accept-gap/);
    worker.child.kill('SIGTERM');
    assert.equal(await worker.ended, 4, worker.stderr());
    const once = start(cwd, 'run', '--exit-on-halt');
    assert.equal(await once.ended, 4, once.stderr());
  });

  await t.test('a decision is shown first, written once, and the table goes on behind the gap', async () => {
    const dry = await foz(cwd, 'resume', 'users', '--accept-gap', '--dry-run', '--json');
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /"from":100,"to":150\}\],"written":false/);
    const written = await foz(cwd, 'resume', 'raw.users', '--accept-gap');
    assert.equal(written.code, 0, written.stderr);
    const repeated = await foz(cwd, 'resume', 'raw.users', '--accept-gap');
    assert.equal(repeated.code, 2, 'there is nothing left to decide');
    const worker = start(cwd, 'run');
    await untilPosition(cwd, '200');
    assert.equal((await usersStatus(cwd)).code, 0);
    worker.child.kill('SIGTERM');
    assert.equal(await worker.ended, 0, worker.stderr());
  });

  await t.test('down leaves nothing running', async () => {
    const down = await foz(cwd, 'down', '--json');
    assert.equal(down.code, 0, down.stderr);
    assert.match(down.stdout, /"wasRunning":true/);
    assert.equal(await readStack(join(cwd, '.foz', 'stack')), null);
  });
});
