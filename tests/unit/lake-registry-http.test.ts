// Entities, facts of tables, search and the audit log as other programs ask for them, over real tables: every answer matches
// the schema that is published for it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { registryParts } from '../../catalog/registry/registry-parts.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { systemClock } from '../../runtime/clock.ts';
import { lakeTables } from './lake-table-fixture.ts';
import { conform, openApi, withServer, type Answer, type Call, type Served } from './registry-http-fixture.ts';

interface Lake extends Served {
  /** Asserts the status, and that the answer is as it is described. */
  expecting(status: number, operationId: string, ...parameters: Parameters<Call>): Promise<Answer>;
  readonly said: ReadonlySet<string>;
}

test('every answer about entities, tables, search and the audit log matches the schema that is published for it', () =>
  withLake(async ({ call, expecting, said }) => {
    await expecting(200, 'listEntities', 'GET', 'entities?pageSize=1');
    await expecting(200, 'getEntity', 'GET', 'entities/users');
    await expecting(404, 'getEntity', 'GET', 'entities/people');
    await expecting(200, 'declareEntity', 'POST', 'entities/users', {
      owner: 'ana',
      addTags: ['gdpr'],
      columns: { plan: { pii: 'none' } },
    });
    await expecting(409, 'declareEntity', 'POST', 'entities/users', { owner: 'bob', expectedRevision: 0 });
    await expecting(400, 'declareEntity', 'POST', 'entities/users', { owners: ['bob'] });
    await expecting(400, 'declareEntity', 'POST', 'entities/users', { addTags: ['no spaces'] });
    await expecting(200, 'declareEntity', 'POST', 'entities/riders', { addTables: ['sales.people'] });
    await expecting(409, 'declareEntity', 'POST', 'entities/others', { addTables: ['sales.people'] });
    await expecting(200, 'listTableFacts', 'GET', 'tables?pageSize=1');
    await expecting(200, 'listTableFacts', 'GET', 'tables?namespace=nothing');
    await expecting(200, 'getTableFacts', 'GET', 'tables/raw.users');
    await expecting(404, 'getTableFacts', 'GET', 'tables/raw.people');
    await expecting(200, 'getTableHistory', 'GET', 'tables/users/history?snapshots=1');
    await expecting(404, 'getTableHistory', 'GET', 'tables/raw.people/history');
    await expecting(200, 'search', 'GET', 'search?query=email&kind=table&limit=5');
    await expecting(400, 'search', 'GET', 'search?query=email&kind=everything');
    await expecting(200, 'listAudit', 'GET', 'audit?subject=raw&action=table&from=2026-01-01T00:00:00Z&pageSize=2');
    await expecting(400, 'listAudit', 'GET', 'audit?from=yesterday');
    await expecting(400, 'listAudit', 'GET', 'audit?pageToken=x');
    await expecting(200, 'removeEntity', 'DELETE', 'entities/users');
    await expecting(404, 'removeEntity', 'DELETE', 'entities/users');
    const { paths } = await openApi(call);
    const own = Object.entries(paths).filter(([path]) => /\/(entities|search|audit|tables$|tables\/\{table\}(\/history)?$)/.test(path));
    assert.deepEqual(
      [...said].toSorted(),
      own.flatMap(([, methods]) => Object.values(methods).map(({ operationId }) => operationId)).toSorted(),
    );
  }));

test('an entity is what its contract says, until something else is declared; taken back, the contract stands again', () =>
  withLake(async ({ expecting }) => {
    const { body: before } = await expecting(200, 'getEntity', 'GET', 'entities/users');
    assert.deepEqual([before['owner'], before['team'], before['domain'], before['tags']], [null, 'accounts', 'accounts', ['cdc']]);
    assert.deepEqual(before['tables'], [{ name: 'raw.users', kind: 'table' }]);
    assert.deepEqual(factsOf(before, 'email'), ['restricted', 'email', [], false]);
    await expecting(200, 'declareEntity', 'POST', 'entities/users', {
      owner: 'ana',
      team: 'growth',
      addTags: ['tier:1'],
      columns: { email: { classification: 'confidential', pii: 'none', addTags: ['hashed'] }, plan: { pii: 'other' } },
    });
    const { body: after } = await expecting(200, 'declareEntity', 'POST', 'entities/users', { description: 'People.', team: '' });
    assert.deepEqual([after['revision'], after['owner'], after['team'], after['tags']], [2, 'ana', 'accounts', ['tier:1', 'cdc']]);
    assert.deepEqual(after['declared'], ['description', 'owner', 'tags', 'columns']);
    assert.deepEqual(factsOf(after, 'email'), ['confidential', null, ['hashed'], true]);
    assert.deepEqual(factsOf(after, 'plan'), [null, 'other', [], true], 'a column that the contract does not have');
    await expecting(200, 'removeEntity', 'DELETE', 'entities/users');
    const { body: again } = await expecting(200, 'getEntity', 'GET', 'entities/users');
    assert.deepEqual(again, before);
  }));

test('a table is told with exact figures; bounds of classified columns, and of what holds the row, are kept back', () =>
  withLake(async ({ expecting }) => {
    const { body } = await expecting(200, 'getTableFacts', 'GET', 'tables/raw.users');
    assert.deepEqual([body['rows'], body['files'], body['entity'], body['contract']], [20, 2, 'users', 'users 1.0.0']);
    assert.deepEqual(body['partitionedBy'], ['date: day(_log_time)']);
    assert.deepEqual(boundsOf(body, '_log_offset'), ['0', '19', false]);
    assert.deepEqual(boundsOf(body, 'after.id'), ['0', '19', false]);
    assert.deepEqual(boundsOf(body, 'after.email'), [null, null, true]);
    assert.deepEqual(boundsOf(body, '_log_key'), [null, null, true]);
    assert.doesNotMatch(JSON.stringify(body), /@example/);
  }));

test('a view is in the lists, and is told to be none of the tables', () =>
  withLake(async ({ expecting, store }) => {
    await store.insertNamespace({ namespace: ['current'], properties: {} });
    const ident = { namespace: ['current'], name: 'users' };
    await store.insertRelation({ ident, kind: 'view', uuid: 'view-1', metadataLocation: 'memory://lake/current/users/0.metadata.json' });
    const { body } = await expecting(200, 'listTableFacts', 'GET', 'tables');
    assert.deepEqual(
      listIn(body, 'tables').map((of) => [of['table'], of['kind'], of['entity'], of['rows']]),
      [
        ['current.users', 'view', 'users', null],
        ['raw.users', 'table', 'users', 20],
      ],
    );
    const { body: entity } = await expecting(200, 'getEntity', 'GET', 'entities/users');
    assert.deepEqual(entity['tables'], [
      { name: 'current.users', kind: 'view' },
      { name: 'raw.users', kind: 'table' },
    ]);
    const refused = await expecting(404, 'getTableFacts', 'GET', 'tables/current.users');
    assert.match(refused.text, /current.users is a view/);
  }));

test('history names who committed, what changed in the columns, and what main has left', () =>
  withLake(async ({ expecting, store, objectStore }) => {
    const ident = { namespace: ['raw'], name: 'users' };
    const ana = memoryCatalog({ objectStore, store, actor: 'ana' });
    const loaded = await ana.loadTable(ident);
    assert.ok(loaded);
    const { metadata } = loaded;
    const [schema] = metadata.schemas;
    const head = mainSnapshot(metadata);
    assert.ok(schema && head?.['parent-snapshot-id'] !== undefined);
    const fields = [...schema.fields, { id: 900, name: 'note', required: false, type: 'string' }];
    await ana.commitTable(ident, {
      requirements: [],
      updates: [
        { action: 'add-schema', schema: { ...schema, 'schema-id': 1, fields } },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    });
    const parent = head['parent-snapshot-id'];
    await ana.commitTable(ident, {
      requirements: [],
      updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': parent }],
    });
    const { body } = await expecting(200, 'getTableHistory', 'GET', 'tables/raw.users/history');
    const snapshots = listIn(body, 'snapshots');
    assert.deepEqual(
      snapshots.map((of) => [of['snapshot'], of['addedRows'], of['rows'], of['isCurrent'], of['isOnMain'], of['by'], of['engine']]),
      [
        [String(head['snapshot-id']), 10, 20, false, false, 'worker', 'foz'],
        [String(parent), 10, 10, true, true, 'worker', 'foz'],
      ],
    );
    const schemas = listIn(body, 'schemas');
    assert.deepEqual(
      schemas.map((of) => [of['schemaId'], of['isCurrent'], of['by'], of['known'], of['contract']]),
      [
        [1, true, 'ana', 'audit', 'users 1.0.0'],
        [0, false, 'worker', 'audit', null],
      ],
    );
    assert.deepEqual(schemas[0]?.['changes'], [{ fieldId: 900, column: 'note', kind: 'added', from: null, to: 'string' }]);
    const { body: log } = await expecting(200, 'listAudit', 'GET', 'audit?subject=raw.users&actor=ana');
    assert.deepEqual(
      listIn(log, 'entries').map((entry) => entry['action']),
      ['table.rollback', 'table.alter'],
    );
  }));

test('what is declared, created and dropped is found at once, and no longer found', () =>
  withLake(async ({ expecting, store, objectStore }) => {
    const names = async (query: string) => {
      const { body } = await expecting(200, 'search', 'GET', `search?query=${encodeURIComponent(query)}`);
      return listIn(body, 'found').map((of) => `${String(of['kind'])} ${String(of['name'])}`);
    };
    assert.deepEqual((await names('email')).toSorted(), ['contract users', 'entity users', 'table raw.users']);
    assert.deepEqual(await names('payroll'), []);
    await expecting(200, 'declareEntity', 'POST', 'entities/users', { addTags: ['payroll'] });
    assert.deepEqual(await names('payroll'), ['entity users']);
    const catalog = memoryCatalog({ objectStore, store });
    await catalog.createTable(
      { namespace: ['raw'], name: 'bonuses' },
      { schema: { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'payrollNumber', required: false, type: 'long' }] } },
    );
    assert.deepEqual((await names('payroll')).toSorted(), ['entity users', 'table raw.bonuses']);
    const bonuses = await catalog.loadTable({ namespace: ['raw'], name: 'bonuses' });
    const [schema] = bonuses?.metadata.schemas ?? [];
    assert.ok(schema);
    const fields = [...schema.fields, { id: 2, name: 'pension', required: false, type: 'long' }];
    const updates = [
      { action: 'add-schema', schema: { ...schema, 'schema-id': 1, fields } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ] as const;
    await catalog.commitTable({ namespace: ['raw'], name: 'bonuses' }, { requirements: [], updates });
    assert.deepEqual(await names('pension'), ['table raw.bonuses'], 'a column that came to a table that was there');
    await catalog.dropTable({ namespace: ['raw'], name: 'bonuses' });
    assert.deepEqual(await names('payroll'), ['entity users']);
    await expecting(200, 'declareEntity', 'POST', 'entities/users', { removeTags: ['payroll'] });
    assert.deepEqual(await names('payroll'), []);
  }));

test('the audit log says who, what, from what and to what, newest first, page by page', () =>
  withLake(async ({ expecting, lake }) => {
    await expecting(200, 'declareEntity', 'POST', 'entities/users', { owner: 'ana' });
    const { body } = await expecting(200, 'listAudit', 'GET', 'audit?subject=users');
    const [declared, ...older] = listIn(body, 'entries');
    assert.deepEqual([declared?.['actor'], declared?.['action'], declared?.['before']], ['anonymous', 'entity.update', null]);
    assert.deepEqual(declared?.['after'], { description: null, owner: 'ana', team: null, tags: [], tables: [], columns: {} });
    assert.deepEqual(
      older.map((entry) => entry['action']),
      ['contract.activate', 'contract.register'],
    );
    const seen: unknown[] = [];
    for (let token = ''; ;) {
      const page = await expecting(200, 'listAudit', 'GET', `audit?pageSize=2${token}`);
      seen.push(...listIn(page.body, 'entries').map((entry) => entry['number']));
      if (page.body['next-page-token'] === null) break;
      token = `&pageToken=${String(page.body['next-page-token'])}`;
    }
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => Number(b) - Number(a)),
    );
    assert.equal(new Set(seen).size, seen.length);
    assert.equal(await lake.audit.forget(-1), 2, 'the two data commits');
    const { body: after } = await expecting(200, 'listAudit', 'GET', 'audit');
    const [told, ...rest] = listIn(after, 'entries');
    assert.deepEqual([told?.['action'], told?.['before']], ['audit.forget', { entries: 2 }]);
    assert.equal(rest.length, seen.length - 2, 'nothing else is ever forgotten');
  }));

async function withLake(run: (lake: Lake) => Promise<void>): Promise<void> {
  await withServer(
    async (served) => {
      const { call, store, objectStore } = served;
      await using lake = await lakeTables({ catalog: memoryCatalog({ objectStore, store, actor: 'worker' }), store: objectStore });
      await lake.create({
        name: 'users',
        source: 'postgres',
        columns: [
          ['id', 'long'],
          ['email', 'string'],
        ],
      });
      await lake.append('users', select(0));
      await lake.append('users', select(10), { now: Date.parse('2026-11-21T10:00:05Z') });
      const document = await readFile(new URL('../../contracts/definitions/users.odcs.yaml', import.meta.url), 'utf8');
      const activate = { kind: 'now' };
      const registered = await call('POST', 'contracts', { document, documentName: 'users.odcs.yaml', activate });
      assert.equal(registered.status, 200, registered.text);
      const { paths, components } = await openApi(call);
      const check = conform(paths, components);
      const said = new Set<string>();
      const expecting: Lake['expecting'] = async (status, operationId, ...parameters) => {
        const answer = await call(...parameters);
        assert.equal(answer.status, status, `${operationId}: ${answer.text}`);
        check(operationId, answer);
        said.add(operationId);
        return answer;
      };
      await run({ ...served, expecting, said });
    },
    (store) => registryParts(store.contracts, systemClock).registry,
  );
}

type Json = Readonly<Record<string, unknown>>;

function listIn(body: Json, name: string): readonly Json[] {
  return body[name] as readonly Json[];
}

function factsOf(entity: Json, column: string): readonly unknown[] {
  const found = listIn(entity, 'columns').find((of) => of['column'] === column);
  return [found?.['classification'], found?.['pii'], found?.['tags'], found?.['isDeclared']];
}

function boundsOf(table: Json, column: string): readonly unknown[] {
  const found = listIn(table, 'columns').find((of) => of['column'] === column);
  return [found?.['lower'], found?.['upper'], found?.['isWithheld']];
}

function select(from: number): string {
  return `SELECT o, '{"id":' || o || '}' AS key, 'c' AS op, TIMESTAMPTZ '2026-11-20 10:00:00+00' AS changed_at,
    {id: o, email: 'user' || o || '@example.org'} AS after FROM range(${from}, ${from + 10}) t(o)`;
}
