// As a new user would: a check is declared while the jobs run, a planted fault fails it, the alert arrives, the fault is
// mended, the alert is over; the process is killed meanwhile. Real processes, a real lake, a real endpoint.

import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import type { Command } from '../../cli/command.ts';
import { alerts } from '../../cli/commands/quality/alerts.ts';
import { silence } from '../../cli/commands/quality/silence.ts';
import { loadConfig } from '../../cli/config.ts';
import { listBoards } from '../../quality/alert/board-store.ts';
import { silentLogger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import { createProgress } from '../../runtime/progress.ts';
import { httpReceiver, type HttpReceiver } from './quality-alert-servers.ts';
import { queryLab } from './query-fixture.ts';

const entry = fileURLToPath(new URL('../../bin/foz.mjs', import.meta.url));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let lsn = 100;
const user = (id: number, status: string) => ({
  key: JSON.stringify({ id }),
  value: {
    before: null,
    after: { id, status },
    source: { connector: 'postgresql', ts_us: Date.now() * 1000, snapshot: 'false', txId: 700, lsn: ++lsn },
    op: 'u',
    ts_ms: Date.now(),
  },
});

function serve(folder: string): ChildProcess {
  return fork(entry, ['quality', 'serve', '-q', '-c', join(folder, 'foz.yaml')], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** The commands as the program calls them, without a process each. */
async function foz(
  folder: string,
  command: Command,
  args: readonly string[] = [],
  options: Readonly<Record<string, unknown>> = {},
): Promise<{ code: number; stdout: string; value: unknown }> {
  const printed = { stdout: '', value: null as unknown };
  const code = await command.run({
    args,
    options,
    isJson: false,
    configPath: join(folder, 'foz.yaml'),
    stackDirectory: folder,
    signal: new AbortController().signal,
    progress: createProgress({ isQuiet: true }),
    loadConfig: () => loadConfig(join(folder, 'foz.yaml'), folder),
    logger: () => silentLogger,
    print: (value, human) => Object.assign(printed, { value, stdout: human() }),
    note: () => undefined,
  });
  return { code, ...printed };
}

/** What was taken so far, as `firing users.status`. */
function told({ calls }: HttpReceiver): readonly string[] {
  return calls.flatMap(({ body }) => {
    const { changes } = JSON.parse(body);
    return changes.map(({ state, check }: { state: string; check: string }) => `${state} ${check}`);
  });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const startedAt = Date.now();
  while (!holds()) {
    assert.ok(Date.now() - startedAt < 60_000, `waited too long for: ${what}`);
    await pause(50);
  }
}

test(
  'a check declared while the jobs run fires after the commit that breaks it, and resolves once, kills and silences notwithstanding',
  { timeout: 240_000 },
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'foz-alert-serve-'));
    await using receiver = await httpReceiver([{ status: 500 }, { status: 200 }]);
    await using pointers = await sqliteCatalogStore({ path: join(home, 'catalog.sqlite') });
    await using lab = await queryLab('pg.public.users', 1, undefined, pointers);
    let child: ChildProcess | null = null;
    try {
      await mkdir(join(home, 'quality'));
      const config = `kafka: { brokers: ["127.0.0.1:1"] }
lake: { store: { kind: filesystem, path: ${join(lab.directory, 'lake')} } }
catalog: { kind: embedded, store: "sqlite:catalog.sqlite", listen: "127.0.0.1:1" }
sync: { tables: [{ topic: pg.public.users, table: users }] }
quality:
  watch: 200ms
  reload: 500ms
  lease: 1s
  alerts:
    retry: { min: 100ms }
    receivers: [{ kind: webhook, name: team, url: "${receiver.url}" }]
`;
      // Receivers may be configured while the jobs run.
      await writeFile(join(home, 'foz.yaml'), config.slice(0, config.indexOf('    receivers:')));
      await lab.land([user(1, 'active')]);
      child = serve(home);
      await once(child, 'message');
      await writeFile(join(home, 'foz.yaml'), config);
      const declared = 'table: users\nchecks:\n  - { invalidValues: status, validValues: [active], name: status, when: commit }\n';
      await writeFile(join(home, 'quality', 'users.yaml'), declared);
      await lab.land([user(2, 'lost')]);
      await until('the alert', () => receiver.calls.length >= 2);
      assert.deepEqual(told(receiver), ['firing users.status', 'firing users.status'], 'the first try was refused');
      assert.equal(new Set(receiver.calls.map(({ headers }) => headers['idempotency-key'])).size, 1);
      // Until it is written down that it arrived: killed before, it would be told again.
      while ([...(await listBoards(pointers.quality)).values()].some(({ deliveries }) => deliveries.length > 0)) await pause(20);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const shown = await foz(home, alerts);
      assert.equal(shown.code, 1);
      assert.match(shown.stdout, /^users\.status +error +\S+ +1 of 2 rows \(50 %\) +0 +team$/m);
      await lab.land([user(2, 'active')]);
      child = serve(home);
      await until('its end', () => receiver.calls.length >= 3);
      assert.deepEqual(told(receiver).slice(2), ['resolved users.status']);
      const silenced = await foz(home, silence, ['users.*'], { for: 600_000 });
      assert.ok(isRecord(silenced.value));
      await lab.land([user(3, 'lost')]);
      await pause(2_500);
      assert.equal(receiver.calls.length, 3, 'nobody is told');
      assert.match((await foz(home, alerts)).stdout, /users\.status .* silenced\nsilenced: users\.\* until /);
      assert.equal((await foz(home, silence, [], { end: silenced.value.id })).code, 0);
      await until('what still fires', () => receiver.calls.length >= 4);
      assert.deepEqual(told(receiver).slice(3), ['firing users.status']);
    } finally {
      if (child !== null && child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      await rm(home, { recursive: true, force: true });
    }
  },
);
