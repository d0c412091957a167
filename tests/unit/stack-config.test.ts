import assert from 'node:assert/strict';
import test from 'node:test';
import { components, stopOrder, withNeeds } from '../../stack/components/all.ts';
import { agentProperties } from '../../stack/components/cassandra-cdc.ts';
import { cassandraConfig } from '../../stack/components/cassandra.ts';
import { componentNames, propertiesText } from '../../stack/components/component.ts';
import { connectProperties } from '../../stack/components/connect.ts';
import { kafkaProperties } from '../../stack/components/kafka.ts';
import { postgresConfig } from '../../stack/components/postgres.ts';
import { icebergCatalog, trinoConfig } from '../../stack/components/trino.ts';
import { defaultSettings, readSettings } from '../../stack/settings.ts';

const megabyte = 1024 * 1024;

function parse(text: string): Map<string, string> {
  const entries = text.trimEnd().split('\n');
  return new Map(entries.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

test('Kafka stamps every record with its own time and listens on loopback only', () => {
  const config = parse(kafkaProperties({ broker: 20001, controller: 20002 }, '/data/kafka', { ...defaultSettings, kafkaPartitions: 4 }));
  assert.equal(config.get('log.message.timestamp.type'), 'LogAppendTime');
  assert.equal(config.get('num.partitions'), '4');
  assert.equal(config.get('listeners'), 'PLAINTEXT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002');
  assert.equal(config.get('advertised.listeners'), 'PLAINTEXT://127.0.0.1:20001');
  assert.equal(config.get('controller.quorum.voters'), '1@127.0.0.1:20002');
  assert.equal(config.get('process.roles'), 'broker,controller');
  assert.deepEqual(
    [...config.keys()].filter((key) => key.includes('zookeeper')),
    [],
  );
});

test('a record of 10 MB passes broker, Connect and the agent with the default limits', () => {
  const broker = parse(kafkaProperties({ broker: 1, controller: 2 }, '/d', defaultSettings));
  const connect = parse(connectProperties({ rest: 3 }, '127.0.0.1:1', '/plugins', defaultSettings));
  const files = { driver: '/d', dataDir: '/a', healthPort: 5 };
  const agent = agentProperties(cassandraEndpoint, '127.0.0.1:1', files, defaultSettings);
  for (const limit of [
    broker.get('message.max.bytes'),
    broker.get('replica.fetch.max.bytes'),
    connect.get('producer.max.request.size'),
    connect.get('consumer.max.partition.fetch.bytes'),
    agent['kafka.producer.max.request.size'],
  ])
    assert.ok(Number(limit) > 11 * megabyte, `limit is ${limit}`);
});

test('Connect answers on loopback and lets connectors override their clients', () => {
  const config = parse(connectProperties({ rest: 20003 }, '127.0.0.1:20001', '/cache/plugins', defaultSettings));
  assert.equal(config.get('bootstrap.servers'), '127.0.0.1:20001');
  assert.equal(config.get('listeners'), 'http://127.0.0.1:20003');
  assert.equal(config.get('plugin.path'), '/cache/plugins');
  assert.equal(config.get('connector.client.config.override.policy'), 'All');
});

const cassandraEndpoint = {
  contactPoint: '127.0.0.1',
  port: 20010,
  localDataCenter: 'datacenter1',
  clusterName: 'foz',
  configFile: '/conf/cassandra.yaml',
};

test('Cassandra keeps a change log, never blocks writes for it, and binds loopback', () => {
  const config = cassandraConfig({ cql: 20010, storage: 20011, storageTls: 20012 }, '/data/c', 'foz');
  assert.equal(config['cdc_enabled'], true);
  assert.equal(config['cdc_block_writes'], false);
  assert.equal(config['listen_address'], '127.0.0.1');
  assert.equal(config['rpc_address'], '127.0.0.1');
  assert.equal(config['native_transport_port'], 20010);
  assert.match(JSON.stringify(config['seed_provider']), /127\.0\.0\.1:20011/);
});

test('the agent follows the commit log as it is written, keeps numbers exact and outlasts an outage of Kafka', () => {
  const files = { driver: '/conf/driver.json', dataDir: '/data/agent', healthPort: 20020 };
  const settings = {
    ...defaultSettings,
    agentTopicPrefix: 'rides',
    agentSnapshotMode: 'never',
    agentProperties: { 'poll.interval.ms': '7' },
  } as const;
  const agent = agentProperties(cassandraEndpoint, '127.0.0.1:20001', files, settings);
  assert.equal(agent['commit.log.real.time.processing.enabled'], true);
  assert.equal(agent['decimal.handling.mode'], 'string');
  assert.equal(agent['varint.handling.mode'], 'string');
  assert.equal(agent['offset.flush.interval.ms'], 0);
  assert.equal(agent['topic.prefix'], 'rides');
  assert.equal(agent['snapshot.mode'], 'never');
  assert.equal(agent['poll.interval.ms'], '7', 'a property given by the caller wins');
  assert.ok(Number(agent['kafka.producer.delivery.timeout.ms']) > 24 * 3600 * 1000);
});

test('PostgreSQL decodes logically, bounds what a slot may hold back, and speaks UTC and SCRAM on loopback', () => {
  const config = postgresConfig({ sql: 20030 }, { postgresSlotWalMegabytesMax: 100 });
  for (const line of [
    'port = 20030',
    'wal_level = logical',
    'max_slot_wal_keep_size = 100MB',
    "timezone = 'UTC'",
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    "password_encryption = 'scram-sha-256'",
  ])
    assert.ok(config.split('\n').includes(line), line);
});

test('Trino reads the catalog and the store it is given, and its limits fit its heap', () => {
  const s3 = { endpoint: 'http://127.0.0.1:9', region: 'us-east-1', accessKey: 'a', secretKey: 'b' };
  const options = { catalogName: 'lake', catalogUri: 'http://127.0.0.1:8181', warehouse: 's3://lake/wh', s3 };
  const catalog = icebergCatalog(options);
  assert.equal(catalog['iceberg.rest-catalog.uri'], 'http://127.0.0.1:8181');
  assert.equal(catalog['s3.path-style-access'], 'true');
  assert.equal(catalog['iceberg.rest-catalog.security'], undefined);
  assert.equal(icebergCatalog({ ...options, token: 't' })['iceberg.rest-catalog.oauth2.token'], 't');
  const config = trinoConfig({ http: 20040 }, 1000, '/conf/catalog', '/trino/plugin');
  assert.equal(config['query.max-memory-per-node'], '300MB');
  assert.equal(config['http-server.http.port'], 20040);
});

test('a properties file survives backslashes, line ends and other alphabets', () => {
  assert.equal(
    propertiesText({ a: 'C:\\x', b: 'one\ntwo', c: ' led', d: 'fé', e: true, f: 3 }),
    'a=C:\\\\x\nb=one\\ntwo\nc=\\ led\nd=f\\u00e9\ne=true\nf=3\n',
  );
});

function groupOf(wanted: string): number {
  return stopOrder.findIndex((group) => group.some((member) => member === wanted));
}

test('a component brings what it needs, and every component has its place in the order of stopping', () => {
  assert.deepEqual(withNeeds(['cassandra-cdc']), ['cassandra', 'kafka', 'cassandra-cdc']);
  assert.deepEqual(withNeeds(['connect', 's3']), ['kafka', 's3', 'connect']);
  assert.deepEqual(withNeeds([]), []);
  assert.deepEqual(stopOrder.flat().sort(), [...componentNames].sort());
  for (const name of componentNames) assert.equal(components[name].name, name);
  for (const name of componentNames)
    for (const need of components[name].needs) {
      assert.ok(groupOf(name) < groupOf(need), `${name} stops before ${need}`);
    }
});

test('settings of a state file are read back; what is missing or of another type takes its default', () => {
  const written: unknown = JSON.parse(
    JSON.stringify({ ...defaultSettings, s3Bucket: 'other', kafkaPartitions: 4, agentSnapshotMode: 'never' }),
  );
  assert.deepEqual(readSettings(written), { ...defaultSettings, s3Bucket: 'other', kafkaPartitions: 4, agentSnapshotMode: 'never' });
  assert.deepEqual(readSettings({ s3Bucket: 5 }), defaultSettings);
  assert.deepEqual(readSettings(null), defaultSettings);
});
