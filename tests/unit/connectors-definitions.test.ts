import assert from 'node:assert/strict';
import test from 'node:test';
import { ridesAgentProperties, ridesDefaults, ridesDriverConfig, ridesTopics, propertiesText } from '../../connectors/rides.ts';
import { captureRoleSql, ridesSchemaCql, usersSchemaSql } from '../../connectors/schema.ts';
import { usersConnector, usersDefaults, usersTopics, type UsersConnectorSettings } from '../../connectors/users.ts';
import { secret } from '../../runtime/secret.ts';

const users: UsersConnectorSettings = {
  ...usersDefaults,
  database: { host: 'db', port: 5432, database: 'app', user: 'cdc', password: secret('s3cret'), sslmode: 'verify-full', ca: '/ca.pem' },
  kafkaBootstrap: 'kafka:9092',
};

test('the users connector keeps values exact', () => {
  const { config } = usersConnector(users);
  const exact = {
    'decimal.handling.mode': 'string',
    'time.precision.mode': 'microseconds',
    'interval.handling.mode': 'string',
    'binary.handling.mode': 'base64',
    'key.converter.schemas.enable': 'false',
    'value.converter.schemas.enable': 'false',
    'value.converter.replace.null.with.default': 'false',
    'include.unknown.datatypes': 'true',
  };
  for (const [name, value] of Object.entries(exact)) assert.equal(config[name], value, name);
});

test('the users connector loses nothing silently: TRUNCATE, tombstones, a re-created slot, a missing publication', () => {
  const { config } = usersConnector(users);
  const complete = {
    'skipped.operations': 'none',
    'tombstones.on.delete': 'true',
    'offset.mismatch.strategy': 'trust_offset',
    'publication.autocreate.mode': 'disabled',
    'snapshot.mode': 'initial',
    'slot.drop.on.stop': 'false',
    'errors.tolerance': 'none',
    'producer.override.acks': 'all',
    'producer.override.enable.idempotence': 'true',
    'topic.creation.default.message.timestamp.type': 'LogAppendTime',
    'topic.creation.default.cleanup.policy': 'delete',
  };
  for (const [name, value] of Object.entries(complete)) assert.equal(config[name], value, name);
});

test('table names are taken literally, not as regular expressions', () => {
  const { config } = usersConnector({ ...users, tables: ['public.users', 'odd.na$me+'] });
  assert.equal(config['table.include.list'], String.raw`public\.users,odd\.na\$me\+,public\.foz_signal`);
});

test('TLS settings and overrides reach the connector, and overrides win', () => {
  const { config } = usersConnector({
    ...users,
    overrides: { 'poll.interval.ms': '7' },
    kafkaClientProperties: { 'security.protocol': 'SSL' },
  });
  assert.equal(config['database.sslmode'], 'verify-full');
  assert.equal(config['database.sslrootcert'], '/ca.pem');
  assert.equal(config['database.password'], 's3cret');
  assert.equal(config['poll.interval.ms'], '7');
  assert.equal(config['signal.consumer.security.protocol'], 'SSL');
});

test('every topic of changes is stamped by the broker, never compacted, and takes the largest record', () => {
  const topics = [
    ...usersTopics({ ...users, topics: { ...users.topics, partitions: 4 } }),
    ...ridesTopics({ ...ridesDefaults, topics: { ...ridesDefaults.topics, partitions: 4 } }),
  ];
  assert.deepEqual(
    topics.map(({ name, partitions }) => `${name} ${partitions}`),
    [
      'pg.public.users 4',
      'pg.public.user_events 4',
      'pg.public.foz_signal 1',
      'pg.transaction 1',
      '__debezium-heartbeat.pg 1',
      'pg-signal 1',
      'cass.rides.rides 4',
    ],
  );
  for (const { name, config } of topics) {
    assert.equal(config['cleanup.policy'], 'delete', name);
    if (name === 'pg-signal') continue;
    assert.equal(config['message.timestamp.type'], 'LogAppendTime', name);
    assert.ok(Number(config['max.message.bytes']) > users.topics.recordBytesMax, name);
  }
});

test('the agent is exact, real-time, and waits for Kafka rather than forget', () => {
  const properties = ridesAgentProperties({
    ...ridesDefaults,
    kafkaBootstrap: 'kafka:9092',
    kafkaClientProperties: { 'sasl.mechanism': 'PLAIN' },
    paths: { cassandraYaml: '/c.yaml', driverConfig: '/d.conf', offsets: '/o', relocation: '/r' },
  });
  const expected = {
    'topic.prefix': 'cass',
    'decimal.handling.mode': 'string',
    'varint.handling.mode': 'string',
    'commit.log.real.time.processing.enabled': 'true',
    'offset.flush.interval.ms': '0',
    'kafka.producer.delivery.timeout.ms': '2147483647',
    'kafka.producer.sasl.mechanism': 'PLAIN',
    'snapshot.mode': 'initial',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(properties[name], value, name);
});

test('a properties file keeps backslashes, line ends, leading spaces and other alphabets', () => {
  assert.equal(
    propertiesText({ b: String.raw`C:\x`, a: ' é\n', 'k y': '=1' }),
    String.raw`a=\ \u00e9\n` + '\n' + String.raw`b=C:\\x` + '\n' + String.raw`k\ y==1` + '\n',
  );
});

test('the driver configuration carries login and TLS only where there are any', () => {
  const plain = JSON.parse(ridesDriverConfig({ contactPoint: 'n1:9042', localDataCenter: 'dc1' }));
  assert.deepEqual(Object.keys(plain['datastax-java-driver'].advanced), ['reconnect-on-init']);
  const full = JSON.parse(
    ridesDriverConfig({
      contactPoint: 'n1:9042',
      localDataCenter: 'dc1',
      auth: { username: 'u', password: secret('p') },
      tls: { truststorePath: '/t', truststorePassword: secret('tp'), verifyHostname: true },
    }),
  );
  assert.equal(full['datastax-java-driver'].advanced['auth-provider'].password, 'p');
  assert.equal(full['datastax-java-driver'].advanced['ssl-engine-factory']['truststore-password'], 'tp');
});

test('the schemas carry the names given, quoted, and no placeholder is left', async () => {
  const sql = await usersSchemaSql({ cdcRole: 'my "role"', publication: 'pub' });
  assert.ok(sql.includes('TO "my ""role""";'));
  assert.ok(sql.includes('CREATE PUBLICATION "pub"'));
  assert.equal(/:cdc_role|:publication/.test(sql.replaceAll(/^--.*$/gm, '')), false);
  assert.ok(captureRoleSql('cdc', "it's").includes("PASSWORD 'it''s'"));
});

test('the Cassandra schema is one statement each, in order', async () => {
  const statements = await ridesSchemaCql();
  assert.deepEqual(
    statements.map((statement) => statement.split(/\s+/).slice(0, 2).join(' ')),
    ['CREATE KEYSPACE', 'CREATE TYPE', 'CREATE TABLE'],
  );
  assert.ok(statements.every((statement) => statement.includes('IF NOT EXISTS') && !statement.endsWith(';')));
});
