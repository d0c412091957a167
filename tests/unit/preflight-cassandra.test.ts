import assert from 'node:assert/strict';
import test from 'node:test';
import { cassandraPreflightDefaults, preflightCassandra, type CassandraPreflight } from '../../connectors/preflight-cassandra.ts';
import type { CassandraQuery, CassandraRow } from '../../sources/cassandra-client.ts';

const wanted: CassandraPreflight = {
  cluster: 'node1:9042',
  keyspace: 'rides',
  tables: ['rides'],
  snapshotMode: 'initial',
  ...cassandraPreflightDefaults,
};

interface Facts {
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly keyspace: CassandraRow | null;
  readonly options: CassandraRow;
  /** Name and type of the regular columns. */
  readonly columns: Readonly<Record<string, string>>;
  readonly staticColumn: string | null;
  readonly views: readonly CassandraRow[];
  readonly sample: readonly CassandraRow[];
}

const sound: Facts = {
  version: '5.0.9',
  settings: {
    cdc_enabled: 'true',
    cdc_total_space: '4096MiB',
    cdc_on_repair_enabled: 'false',
    commitlog_sync: 'periodic',
    commitlog_sync_period: '100ms',
  },
  keyspace: {
    replication: new Map([
      ['class', 'SimpleStrategy'],
      ['replication_factor', '1'],
    ]),
  },
  options: { cdc: true, default_time_to_live: 0 },
  columns: { fare: 'decimal', pickup: 'frozen<place>', tags: 'frozen<set<text>>' },
  staticColumn: null,
  views: [],
  sample: [{ ttl0: null }],
};

function cluster(facts: Facts): CassandraQuery {
  return async (cql) => {
    if (cql.includes('system.local')) return [{ release_version: facts.version }];
    if (cql.includes('system_views.settings')) return Object.entries(facts.settings).map(([name, value]) => ({ name, value }));
    if (cql.includes('system_schema.keyspaces')) return facts.keyspace === null ? [] : [facts.keyspace];
    if (cql.includes('system_schema.views')) return facts.views;
    if (cql.includes('system_schema.types')) return [{ type_name: 'place', field_names: ['lat'], field_types: ['double'] }];
    if (cql.includes('system_schema.tables')) return [facts.options];
    if (cql.includes('system_schema.columns')) {
      if (Object.keys(facts.columns).length === 0) return [];
      const regular = Object.entries(facts.columns).map(([name, type]) => ({ column_name: name, kind: 'regular', position: -1, type }));
      const statics = facts.staticColumn === null ? [] : [{ column_name: facts.staticColumn, kind: 'static', position: -1, type: 'text' }];
      return [{ column_name: 'id', kind: 'partition_key', position: 0, type: 'int' }, ...regular, ...statics];
    }
    if (cql.includes('TTL(')) return facts.sample;
    throw new Error(`unexpected statement ${cql}`);
  };
}

const setting = (name: string, value: string) => ({ settings: { ...sound.settings, [name]: value } });
const column = (name: string, type: string) => ({ columns: { ...sound.columns, [name]: type } });

const cases: readonly (readonly [what: string, change: Partial<Facts>, code: string, mend: string])[] = [
  ['an old version', { version: '3.11.4' }, 'CASSANDRA_VERSION', 'Upgrade'],
  ['a node without change data capture', setting('cdc_enabled', 'false'), 'CASSANDRA_CDC_DISABLED', 'cdc_enabled: true'],
  ['changes dropped when space is full', setting('cdc_block_writes', 'false'), 'CASSANDRA_CDC_DROPS', 'cdc_block_writes: true'],
  ['writes blocked when space is full', setting('cdc_block_writes', 'true'), 'CASSANDRA_CDC_BLOCKS', 'cdc_total_space'],
  ['repairs captured', setting('cdc_on_repair_enabled', 'true'), 'CASSANDRA_CDC_REPAIR', 'cdc_on_repair_enabled: false'],
  ['a slow sync', setting('commitlog_sync_period', '10000ms'), 'CASSANDRA_SYNC_SLOW', 'commitlog_sync_period: 100ms'],
  ['an encrypted commit log', setting('transparent_data_encryption_options_enabled', 'true'), 'CASSANDRA_LOG_ENCRYPTED', 'enabled: false'],
  ['no keyspace', { keyspace: null }, 'CASSANDRA_KEYSPACE_MISSING', 'CREATE KEYSPACE "rides"'],
  [
    'several replicas',
    {
      keyspace: {
        replication: new Map([
          ['class', 'X'],
          ['dc1', '3'],
        ]),
      },
    },
    'CASSANDRA_REPLICAS',
    'raw table',
  ],
  ['no table', { columns: {} }, 'CASSANDRA_TABLE_MISSING', 'CREATE TABLE "rides"."rides"'],
  [
    'a table without cdc',
    { options: { ...sound.options, cdc: null } },
    'CASSANDRA_TABLE_CDC',
    'ALTER TABLE "rides"."rides" WITH cdc = true',
  ],
  ['a collection that is not frozen', column('notes', 'list<text>'), 'CASSANDRA_NOT_FROZEN', 'frozen<list<text>>'],
  ['a user type that is not frozen', column('dropoff', 'place'), 'CASSANDRA_UDT_NOT_FROZEN', 'frozen<place>'],
  ['a set inside another type', column('groups', 'frozen<list<frozen<set<int>>>>'), 'CASSANDRA_NESTED_SET', '"groups_frozen"'],
  ['a counter', { ...column('hits', 'counter'), sample: [] }, 'CASSANDRA_COUNTER', 'bigint'],
  ['a static column', { staticColumn: 'city_name' }, 'CASSANDRA_STATIC', 'city_name'],
  ['a duration', column('waited', 'duration'), 'CASSANDRA_DURATION', 'waited'],
  ['a default TTL', { options: { cdc: true, default_time_to_live: 3600 } }, 'CASSANDRA_TTL_DEFAULT', 'default_time_to_live = 0'],
  ['a row with a TTL', { sample: [{ ttl0: null }, { ttl0: 99 }] }, 'CASSANDRA_TTL_ROWS', 'snapshot.mode=never'],
  ['a materialised view', { views: [{ view_name: 'by_driver', base_table_name: 'rides' }] }, 'CASSANDRA_VIEWS', 'lake'],
];

test('a sound cluster gives no finding', async () => {
  assert.deepEqual(await preflightCassandra(cluster(sound), wanted), []);
});

for (const [what, change, code, mend] of cases) {
  test(`preflight finds ${what}, once, and names the statement that mends it`, async () => {
    const findings = await preflightCassandra(cluster({ ...sound, ...change }), wanted);
    assert.deepEqual(
      findings.map((finding) => finding.code),
      [code],
    );
    assert.ok(findings[0]?.mend.includes(mend), findings[0]?.mend);
  });
}

test('without a snapshot a TTL does no harm', async () => {
  const facts: Facts = { ...sound, options: { cdc: true, default_time_to_live: 3600 }, sample: [{ ttl0: 99 }] };
  assert.deepEqual(await preflightCassandra(cluster(facts), { ...wanted, snapshotMode: 'never' }), []);
});
