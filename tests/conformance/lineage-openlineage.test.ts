// OpenLineage's own documents, when they lie beside the project (../shared/vectors): the published examples are accepted, and
// what Foz writes is valid by the published schemas.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { readLineageEvent } from '../../catalog/lineage/openlineage-event.ts';
import { loadConfig } from '../../cli/config.ts';
import { jobEvent } from '../../cli/lineage/job-event.ts';
import { ownLineage } from '../../cli/lineage/own-lineage.ts';
import { tableTargets } from '../../cli/settings.ts';
import { isRecord } from '../../runtime/options.ts';
import { smallLineage, startedAt } from '../unit/lineage-fixture.ts';
import { configFile } from '../unit/lineage-config.ts';

const vectors = fileURLToPath(new URL('../../../shared/vectors/openlineage/', import.meta.url));
const skip = existsSync(vectors) ? false : 'not run: ../shared/vectors/openlineage is not there';

const read = (...path: readonly string[]): unknown => JSON.parse(readFileSync(join(vectors, ...path), 'utf8'));

test('every published example is taken: events as they are, facets on an event of their own', { skip }, () => {
  const names = readdirSync(join(vectors, 'tests'));
  assert.ok(names.length >= 40, `${names.length} examples`);
  for (const name of names) {
    const facet = read('tests', name);
    assert.ok(isRecord(facet));
    const holder = { namespace: 'n', name: 'n', facets: facet };
    const event = {
      eventTime: '2026-01-01T00:00:00Z',
      producer: 'p',
      run: { runId: '01939f5e-0000-7000-8000-000000000001', facets: facet },
      job: holder,
      inputs: [holder],
      outputs: [holder],
    };
    const taken = readLineageEvent('eventTime' in facet ? facet : event, 'event', startedAt);
    if (name.startsWith('ColumnLineage')) assert.ok(taken.outputs[0]?.columns, name);
    if (name.startsWith('Symlinks')) assert.ok((taken.outputs[0]?.symlinks.length ?? 0) > 0, name);
    if (name.startsWith('OwnershipJob')) assert.ok((taken.job?.info?.owners.length ?? 0) > 0, name);
  }
});

function validator(): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  for (const name of readdirSync(join(vectors, 'facets'))) {
    const schema = read('facets', name);
    assert.ok(isRecord(schema));
    ajv.addSchema(schema);
  }
  const facets = ['ColumnLineageDatasetFacet', 'SymlinksDatasetFacet', 'JobTypeJobFacet', 'OwnershipJobFacet'];
  const ids = new Map(facets.map((name) => [name, (read('facets', `${name}.json`) as { $id: string }).$id]));
  const of = (name: string) => ({ $ref: ids.get(name) });
  const datasets = { items: { properties: { facets: { allOf: [of('ColumnLineageDatasetFacet'), of('SymlinksDatasetFacet')] } } } };
  return ajv.compile({
    allOf: [{ $ref: 'https://openlineage.io/spec/2-0-2/OpenLineage.json' }],
    properties: {
      job: { properties: { facets: { allOf: [of('JobTypeJobFacet'), of('OwnershipJobFacet')] } } },
      inputs: datasets,
      outputs: datasets,
    },
  });
}

test('every event that Foz writes is valid, names datasets as the specification does, and makes one chain', { skip }, async () => {
  await using file = configFile();
  const { config } = loadConfig(file.path, file.folder);
  const origin = { eventTime: '2026-11-21T12:00:00.000Z', version: '0.1.0' };
  const validate = validator();
  const { lineage, readers } = smallLineage();
  for (const target of tableTargets(config)) {
    const location = `s3://lake/warehouse/raw/${target.ident.name}-1`;
    const events = ownLineage(config, target, location).map((job) => jobEvent(job, origin));
    assert.equal(events.length, 3);
    for (const event of events) assert.ok(validate(event), JSON.stringify(validate.errors));
    await lineage.record(events);
  }
  const consumer = {
    namespace: 'declared users',
    name: 'report',
    type: 'DASHBOARD',
    owner: 'team:a',
    inputs: [{ namespace: 'trino://t:8080', name: 'foz.current.users' }],
    outputs: [
      {
        namespace: 'declared users',
        name: 'report',
        dependsOn: [{ namespace: 'trino://t:8080', name: 'foz.current.users', field: 'email' }],
      },
    ],
  };
  const declared = jobEvent(consumer, origin);
  assert.ok(validate(declared), JSON.stringify(validate.errors));
  assert.equal(validate({ ...declared, job: { namespace: 'a' } }), false, 'a check that cannot fail says nothing');
  await lineage.record(declared);
  assert.deepEqual(await readers('users', ['email']), ['report: email']);
  assert.deepEqual(await readers('users', ['city']), []);
  for (const [table, source, topic] of [
    ['users', ['postgres://db:5432', 'shop.public.users'], 'pg.public.users'],
    ['rides', ['cassandra://node:9042', 'rides.rides'], 'cass.rides.rides'],
  ] as const) {
    const answer = await lineage.view({ dataset: `current.${table}`, direction: 'upstream', depth: 5 });
    assert.ok(answer.kind === 'ok');
    assert.deepEqual(
      answer.value.datasets.map(({ namespace, name }) => [namespace, name]),
      [
        ['http://127.0.0.1:8181', `current.${table}`],
        ['s3://lake', `warehouse/raw/${table}-1`],
        ['kafka://broker:9092', topic],
        [...source],
      ],
    );
  }
});
