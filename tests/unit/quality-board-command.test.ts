// `foz quality board` over a small lake with a contract: every service level measured now, or the reason that nothing does.

import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { board } from '../../cli/commands/quality/board.ts';
import type { Board } from '../../quality/report/board.ts';
import { foz, withLake } from './quality-command-fixture.ts';

const contract = `apiVersion: v3.2.0
kind: DataContract
id: users
version: 1.0.0
status: active
schema:
  - name: users
    properties:
      - { name: id, logicalType: integer, primaryKey: true, primaryKeyPosition: 1, required: true }
      - { name: email, logicalType: string, classification: restricted }
    quality:
      - { type: text, name: pleasant, description: E-mails are pleasant to read }
slaProperties:
  - { property: freshness, value: 1, unit: d, element: users, driver: operational }
  - { property: latency, value: 0.000001, unit: s, element: users }
  - { property: generalAvailability, value: '2026-12-01T00:00:00Z' }
  - { property: availability, value: 99.9, unit: '%' }
`;

const states = (users: Board['tables'][number] | undefined) =>
  users?.levels.map(({ property, promised, state, reason }) => [property, promised, state, reason]);

test('every service level is executed with its result, or shown as not executed with the reason', () =>
  withLake(async (folder, land) => {
    await writeFile(join(folder, 'users.odcs.yaml'), contract);
    await appendFile(join(folder, 'foz.yaml'), 'contracts: { registry: none, files: [users.odcs.yaml] }\n');
    await land([{ id: 1, email: 'ann@example.org', status: 'active' }]);
    const asked = async (options: Readonly<Record<string, unknown>>) => {
      const { code, stdout } = await foz(folder, board, [], true, options);
      const { tables } = JSON.parse(stdout) as Board;
      return { code, users: tables.find(({ table }) => table === 'users') };
    };
    const before = await asked({});
    assert.deepEqual(
      states(before.users)?.map(([property, , state, reason]) => [property, state, reason]),
      [
        ['freshness', 'not measured', 'it has not run yet'],
        ['latency', 'not measured', 'it has not run yet'],
        ['generalAvailability', 'not executed', 'a date that people keep: nothing of the table can be measured by it'],
        ['availability', 'not executed', 'whether the service can be reached is measured by whoever watches it from outside'],
      ],
    );
    assert.deepEqual([before.code, before.users?.score, before.users?.contract], [0, null, { id: 'users', version: '1.0.0' }]);
    const after = await asked({ run: true });
    assert.equal(after.code, 1, 'a service level is broken');
    assert.deepEqual(
      states(after.users)?.map(([property, promised, state]) => [property, promised, state]),
      [
        ['freshness', '1 d', 'kept'],
        ['latency', '0.000001 s', 'broken'],
        ['generalAvailability', '2026-12-01T00:00:00Z', 'not executed'],
        ['availability', '99.9 %', 'not executed'],
      ],
    );
    const [fresh] = after.users?.levels ?? [];
    assert.match(fresh?.found ?? '', /^[\d.]+ s$/);
    assert.ok((fresh?.share ?? 1) < 0.1);
    assert.equal(fresh?.declaredIn, `${join(folder, 'users.odcs.yaml')}:14`);
    assert.equal(after.users?.score, 50);
    assert.deepEqual(
      after.users?.notExecuted.map(({ id }) => id),
      ['users.pleasant'],
    );
    assert.equal((await foz(folder, board, [], true, { failOnUnknown: true, table: 'raw.users' })).code, 1);
    const page = join(folder, 'board.html');
    await foz(folder, board, [], false, { format: 'html', output: page });
    assert.match(await readFile(page, 'utf8'), /<title>1 of 4 service levels kept, 1 broken, 2 not known<\/title>/);
  }));
