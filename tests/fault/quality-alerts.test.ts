// Alerts while the process that tells them is killed: every change of state arrives, in order, under a key of its own; what
// was taken with a 2xx comes again only where the process died before it could write that down, and never after.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { listBoards } from '../../quality/alert/board-store.ts';
import { storedResult } from '../../quality/run/result-record.ts';
import { randomInt, seededRandom, type Random } from '../../runtime/random.ts';
import { alertCheck, alertResult } from '../unit/quality-alert-fixture.ts';

const kills = process.env['FOZ_TEST_LONG'] === '1' ? 60 : 4;
const teller = fileURLToPath(new URL('quality-alert-teller.ts', import.meta.url));
const checks = ['users.email', 'users.city', 'rides.fare'].map((id) => alertCheck(id));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Taken {
  readonly key: string;
  readonly changes: readonly { readonly key: string; readonly check: string; readonly state: string; readonly at: string }[];
}

/** Takes about half of what comes; the rest is refused, cut off, or left to hang. */
async function fickleReceiver(random: Random) {
  const taken: Taken[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const fate = randomInt(random, 8);
      if (fate === 0) return request.socket.destroy();
      if (fate === 1) return;
      if (fate < 4) return response.writeHead(500).end();
      taken.push(JSON.parse(Buffer.concat(parts).toString()));
      setTimeout(() => response.writeHead(200).end(), randomInt(random, 15));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { taken, url: `http://127.0.0.1:${port}/`, close: () => server.close().closeAllConnections() };
}

async function startTeller(path: string, url: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [teller, path, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

test(
  'every change arrives in order, whenever the process is killed, and nothing comes again once it is known to have arrived',
  { timeout: 120_000 },
  async () => {
    const random = seededRandom(20_261_121);
    const folder = await mkdtemp(join(tmpdir(), 'foz-alerts-'));
    const path = join(folder, 'catalog.sqlite');
    const receiver = await fickleReceiver(random);
    const store = await sqliteCatalogStore({ path });
    let child: ChildProcess | null = null;
    try {
      let at = Date.now();
      const expected = new Map(checks.map(({ id }) => [id, [] as string[]]));
      const change = async (): Promise<void> => {
        for (const check of checks) {
          const past = expected.get(check.id) ?? [];
          const outcome = past.length % 2 === 0 ? 'failed' : 'passed';
          const result = alertResult(check, outcome, ++at);
          past.push(`${outcome === 'failed' ? 'firing' : 'resolved'} ${new Date(at).toISOString()}`);
          await store.quality.addResults([storedResult(result, `${check.id} ${at}`)]);
        }
      };
      // Where looking begins: something that passed.
      const start = alertResult(alertCheck('users.start'), 'passed', at);
      await store.quality.addResults([storedResult(start, 'start')]);
      for (let round = 0; round < kills; round++) {
        child = await startTeller(path, receiver.url);
        if (round === 0) await until(async () => (await store.quality.getState('alert-cursor', 'results')) !== null);
        await change();
        await pause(randomInt(random, 400));
        await kill(child);
      }
      child = await startTeller(path, receiver.url);
      await until(
        async () =>
          [...(await listBoards(store.quality)).values()].every(({ deliveries }) => deliveries.length === 0) &&
          isComplete(receiver.taken, expected),
      );
      const seen = receiver.taken.length;
      await pause(400);
      assert.equal(receiver.taken.length, seen, 'nothing comes again');
      for (const { id } of checks) assert.deepEqual(arrived(receiver.taken, id), expected.get(id));
      const bodies = new Map<string, string>();
      for (const one of receiver.taken) {
        assert.equal(bodies.get(one.key) ?? JSON.stringify(one), JSON.stringify(one), 'one key is one content');
        bodies.set(one.key, JSON.stringify(one));
      }
      // A delivery that was taken twice lost its process, or its answer, in between.
      assert.ok(receiver.taken.length - bodies.size <= 2 * kills, `${receiver.taken.length} taken for ${bodies.size} keys`);
    } finally {
      if (child?.exitCode === null) await kill(child);
      receiver.close();
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    }
  },
);

/** Changes of a check in the order they first came, each key once. */
function arrived(taken: readonly Taken[], checkId: string): readonly string[] {
  const changes = new Map(
    taken.flatMap(({ changes: all }) =>
      all.filter(({ check }) => check === checkId).map((one) => [one.key, `${one.state} ${one.at}`] as const),
    ),
  );
  return [...changes.values()];
}

function isComplete(taken: readonly Taken[], expected: ReadonlyMap<string, readonly string[]>): boolean {
  return [...expected].every(([id, changes]) => arrived(taken, id).length >= changes.length);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while (!(await holds())) {
    assert.ok(Date.now() < giveUpAt, 'it takes too long');
    await pause(20);
  }
}
