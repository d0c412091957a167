// Who is named when a column changes: by what jobs said of themselves in OpenLineage events, directly and through what they
// made of the table. A consumer is left out only where its column lineage shows that it does not look.

import assert from 'node:assert/strict';
import test from 'node:test';
import { jobOf, at, day, output, rawUsers, runOf, smallLineage, startedAt, trino } from './lineage-fixture.ts';

test('a reader that says its columns is named for those, one that does not for every column', async () => {
  const { lineage, readers } = smallLineage();
  await lineage.record([
    runOf({ job: 'mails', inputs: [rawUsers], outputs: [output('foz.mart.mails', rawUsers, { address: ['after.email'] })] }),
    runOf({ job: 'dashboard', inputs: [rawUsers] }),
  ]);
  assert.deepEqual(await readers('users'), ['dashboard: any', 'mails: email']);
  assert.deepEqual(await readers('users', ['email', 'city']), ['dashboard: any', 'mails: email']);
  assert.deepEqual(await readers('users', ['city']), ['dashboard: any']);
  assert.deepEqual(await readers('rides'), []);
});

test('who reads the whole row, or filters by a column, reads it', async () => {
  const { lineage, readers } = smallLineage();
  await lineage.record([
    runOf({ job: 'copy', inputs: [rawUsers], outputs: [output('foz.mart.copy', rawUsers, { row: ['after'] })] }),
    runOf({ job: 'active', inputs: [rawUsers], outputs: [output('foz.mart.active', rawUsers, { n: ['after.id'] }, ['after.status'])] }),
    runOf({ job: 'street', inputs: [rawUsers], outputs: [output('foz.mart.street', rawUsers, { s: ['after.address.street'] })] }),
  ]);
  assert.deepEqual(await readers('users', ['email']), ['copy: email']);
  assert.deepEqual(await readers('users', ['status']), ['active: status', 'copy: status']);
  assert.deepEqual(await readers('users', ['Address']), ['copy: Address', 'street: Address']);
});

test('a change goes on to who reads what was made of the column, and no further than that', async () => {
  const { lineage, readers } = smallLineage();
  const mart = trino('foz.mart.people');
  await lineage.record([
    runOf({
      job: 'people',
      inputs: [rawUsers],
      outputs: [output('foz.mart.people', rawUsers, { mail: ['after.email'], town: ['after.city'] })],
    }),
    runOf({ job: 'by-town', inputs: [mart], outputs: [output('foz.mart.towns', mart, { n: ['town'] })] }),
    runOf({ job: 'report', inputs: [trino('foz.mart.towns')] }),
    runOf({ job: 'mailing', inputs: [mart], outputs: [output('foz.mart.mailing', mart, { to: ['mail'] })] }),
    // A circle ends.
    runOf({ job: 'back', inputs: [trino('foz.mart.mailing')], outputs: [mart] }),
  ]);
  assert.deepEqual(await readers('users', ['city']), ['people: city', 'by-town: city', 'report: city']);
  const { consumers } = await lineage.consumers('users', ['city']);
  assert.deepEqual(
    consumers.map(({ via }) => via),
    [[], ['trino://trino:8080/foz.mart.people'], ['trino://trino:8080/foz.mart.people', 'trino://trino:8080/foz.mart.towns']],
  );
  assert.ok((await readers('users', ['email'])).includes('mailing: email'));
});

test('one table has many names: Spark by its address with a symlink, Trino, the catalog; Foz’s own jobs carry columns over', async () => {
  const { lineage, readers } = smallLineage();
  const catalog = { namespace: 'http://127.0.0.1:8181', name: 'raw.users' };
  const stored = { namespace: 's3://lake', name: 'warehouse/raw/users-1' };
  const symlinks = { identifiers: [{ ...catalog, type: 'TABLE' }] };
  await lineage.record([
    runOf({ job: 'spark', inputs: [{ ...stored, facets: { symlinks } }] }),
    runOf({ job: 'by-address', inputs: [stored] }),
    runOf({ job: 'trino', inputs: [trino('foz.current.users')] }),
    {
      ...jobOf({ job: 'current users', inputs: [catalog], outputs: [{ ...catalog, name: 'current.users' }] }),
      job: { namespace: 'foz', name: 'current users' },
    },
    // Neither is a table of this lake.
    runOf({ job: 'other', inputs: [trino('pg.public.users'), { namespace: 'postgres://db:5432', name: 'shop.public.users' }] }),
  ]);
  assert.deepEqual(await readers('users'), ['by-address: any', 'spark: any', 'trino: any']);
  assert.deepEqual(await readers('current.users'), ['trino: any']);
  assert.deepEqual(await readers('raw.users'), ['by-address: any', 'spark: any', 'trino: any']);
});

test('columns that a later run no longer says are not believed; a run that goes on takes nothing back', async () => {
  const { lineage, readers } = smallLineage();
  const mails = output('foz.mart.mails', rawUsers, { address: ['after.email'] });
  await lineage.record([runOf({ job: 'mails', inputs: [rawUsers], outputs: [mails] })]);
  await lineage.record(runOf({ job: 'mails', inputs: [rawUsers], outputs: [trino('foz.mart.mails')], type: 'START', ms: 1 }));
  assert.deepEqual(await readers('users', ['city']), []);
  await lineage.record(runOf({ job: 'mails', inputs: [rawUsers], outputs: [trino('foz.mart.mails')], ms: 2 }));
  assert.deepEqual(await readers('users', ['city']), ['mails: any']);
});

test('a description of a job says all of it: what an older one named is gone; runs are forgotten after 90 days', async () => {
  const { lineage, readers } = smallLineage();
  await lineage.record([
    jobOf({ job: 'report', inputs: [rawUsers], ms: -100 * day }),
    jobOf({ job: 'gone', inputs: [rawUsers], ms: -100 * day }),
    runOf({ job: 'old', inputs: [rawUsers], ms: -91 * day }),
    runOf({ job: 'recent', inputs: [rawUsers], ms: -89 * day }),
  ]);
  await lineage.record(jobOf({ job: 'gone', ms: -99 * day }));
  assert.deepEqual(await readers('users'), ['recent: any', 'report: any']);
});

const facets = (owner: string, jobType: string) => ({ ownership: { owners: [{ name: owner }] }, jobType: { jobType } });

test('what is told of a consumer is what its newest event said', async () => {
  const { lineage } = smallLineage();
  await lineage.record([
    runOf({ job: 'mails', inputs: [rawUsers], facets: facets('team:new', 'DAG'), ms: 5 }),
    runOf({ job: 'mails', inputs: [rawUsers], facets: facets('team:old', 'TASK') }),
  ]);
  const { consumers } = await lineage.consumers('users', null);
  assert.deepEqual(consumers, [
    { namespace: 'etl', name: 'mails', type: 'DAG', owners: ['team:new'], columns: null, via: [], lastSeen: at(5) },
  ]);
});

test('the graph around a dataset: upstream, downstream, as deep as asked', async () => {
  const { lineage } = smallLineage();
  const [a, b, c] = ['x.a', 'x.b', 'x.c'].map(trino);
  assert.ok(a && b && c);
  await lineage.record([
    runOf({ job: 'one', inputs: [a], outputs: [output('x.b', a, { n: ['m'] })] }),
    runOf({ job: 'two', inputs: [b], outputs: [c] }),
  ]);
  const view = async (dataset: string, direction: 'upstream' | 'downstream' | 'both', depth = 5) => {
    const answer = await lineage.view({ dataset, direction, depth });
    assert.ok(answer.kind === 'ok');
    const { datasets, edges, isTruncated } = answer.value;
    return { datasets: datasets.map(({ name }) => name).toSorted(), edges, isTruncated };
  };
  assert.deepEqual((await view('trino://trino:8080/x.c', 'upstream')).datasets, ['x.a', 'x.b', 'x.c']);
  assert.deepEqual((await view('trino://trino:8080/x.c', 'downstream')).datasets, ['x.c']);
  const near = await view('trino://trino:8080/x.a', 'both', 1);
  assert.deepEqual([near.datasets, near.isTruncated], [['x.a', 'x.b'], true]);
  assert.deepEqual(near.edges, [
    { from: 'trino://trino:8080/x.a', to: 'job etl/one', lastSeen: at(0), columns: null },
    { from: 'job etl/one', to: 'trino://trino:8080/x.b', lastSeen: at(0), columns: { n: ['trino://trino:8080/x.a:m'] } },
  ]);
  const missing = await lineage.view({ dataset: 'nothing', direction: 'both', depth: 1 });
  assert.equal(missing.kind === 'refused' && missing.reason, 'lineage-missing');
});

test('what is no event is refused with its place, and nothing of the request is kept', async () => {
  const { lineage, readers } = smallLineage();
  const good = runOf({ job: 'mails', inputs: [rawUsers] });
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [7, /^event must be/],
    [[good, null], /^\[1\] must be/],
    [[good, { ...good, eventTime: '2026-11-21' }], /^\[1\]\.eventTime must be a date-time/],
    [{ ...good, eventTime: new Date(startedAt + 2 * day).toISOString() }, /^eventTime lies more than a day ahead/],
    [{ ...good, run: { runId: 'seven' } }, /^run\.runId must be a UUID/],
    [{ ...good, eventType: 'DONE' }, /^eventType must be one of START/],
    [{ ...good, job: { namespace: 'etl' } }, /^job\.name must be text/],
    [{ ...good, inputs: [{ namespace: 'a\u001fb', name: 'c' }] }, /^inputs\[0\]\.namespace must be text/],
    [{ ...good, inputs: Array.from({ length: 1001 }, () => rawUsers) }, /names 1001 datasets; at most 1000/],
    [
      { ...good, outputs: [{ ...rawUsers, facets: { columnLineage: { fields: { a: { inputFields: [{ ...rawUsers }] } } } } }] },
      /^outputs\[0\]\.facets\.columnLineage\.fields\.a\.inputFields\[0\]\.field must be/,
    ],
    [Array.from({ length: 501 }, () => good), /the list has 501 events; at most 500/],
  ];
  for (const [body, message] of cases)
    await assert.rejects(lineage.record(body), (error) => error instanceof SyntaxError && message.test(error.message));
  assert.deepEqual(await readers('users'), []);
});
