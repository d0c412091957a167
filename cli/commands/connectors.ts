// `foz connectors apply`: topics, then the PostgreSQL connector, as foz.yaml says; safe to repeat. The Cassandra agent is
// no connector: `foz connectors agent` prints the files it runs with.

import { LakeError } from '../../runtime/errors.ts';
import type { CommandCall, CommandGroup } from '../command.ts';
import { tableText } from '../output.ts';

export const connectors: CommandGroup = {
  description: 'The Debezium connectors that foz.yaml describes.',
  commands: {
    apply: {
      description: 'Create the topics (stamped by the broker from offset 0 on) and register the PostgreSQL connector. Idempotent.',
      examples: [['foz connectors apply', 'after foz check, once; again after a change of foz.yaml']],
      run: apply,
    },
    agent: {
      description: 'Print the properties and the driver file of the Debezium agent that runs beside each Cassandra node.',
      options: [{ flags: '--file <name>', doc: 'which file', choices: ['agent.properties', 'driver.json'], default: 'agent.properties' }],
      examples: [['foz connectors agent > agent.properties', 'the agent’s properties; put the node’s own paths in']],
      run: printAgentFile,
    },
  },
};

async function apply(call: CommandCall): Promise<number> {
  const loaded = call.loadConfig();
  const [wire, settings, { openKafkaAdmin }, { usersConnector, usersTopics }, { ridesTopics }] = await Promise.all([
    import('../wire.ts'),
    import('../settings.ts'),
    import('../kafka-admin.ts'),
    import('../../connectors/users.ts'),
    import('../../connectors/rides.ts'),
  ]);
  const users = settings.usersSettings(loaded);
  const rides = settings.ridesCapture(loaded.config);
  const topics = [...(users ? usersTopics(users) : []), ...(rides ? ridesTopics(rides) : [])];
  const topicStep = call.progress.start('topics');
  await using admin = await openKafkaAdmin(wire.kafkaOptions(loaded));
  const created = await admin.createTopics(topics);
  topicStep.done(`${created.length} created, ${topics.length - created.length} there`);
  const registered: { name: string; outcome: string }[] = [];
  const { connect } = loaded.config;
  if (users) {
    if (!connect)
      throw new LakeError('CONFIG_INVALID', 'connectors.postgres needs connect.url, where it is registered.', {
        context: { expected: 'connect: { url: … }', found: 'no connect', next: 'foz check' },
      });
    const [{ connectClient }, { registerConnector, registerDefaults }] = await Promise.all([
      import('../../connectors/connect-client.ts'),
      import('../../connectors/register.ts'),
    ]);
    const step = call.progress.start(`connector ${users.name}`);
    const client = connectClient({ ...connect, requestTimeoutMs: 10_000 });
    const { outcome } = await registerConnector(client, usersConnector(users), registerDefaults, call.signal);
    step.done(outcome);
    registered.push({ name: users.name, outcome });
  }
  call.print({ topics: topics.map(({ name }) => ({ name, created: created.includes(name) })), connectors: registered }, () =>
    tableText(
      ['what', 'outcome'],
      [
        ...topics.map(({ name }) => [`topic ${name}`, created.includes(name) ? 'created' : 'unchanged']),
        ...registered.map(({ name, outcome }) => [`connector ${name}`, outcome]),
      ],
    ),
  );
  return 0;
}

async function printAgentFile(call: CommandCall): Promise<number> {
  const loaded = call.loadConfig();
  const [{ ridesCapture }, { propertiesText, ridesAgentProperties, ridesDefaults, ridesDriverConfig }] = await Promise.all([
    import('../settings.ts'),
    import('../../connectors/rides.ts'),
  ]);
  const { config } = loaded;
  const rides = ridesCapture(config);
  const { cassandra } = config.sources;
  if (!rides || !cassandra)
    throw new LakeError('CONFIG_INVALID', 'There is no Cassandra to capture from.', {
      context: { expected: 'sources.cassandra and connectors.cassandra', found: 'one of them is missing' },
    });
  const paths = {
    cassandraYaml: '/etc/cassandra/cassandra.yaml',
    driverConfig: '/etc/agent/driver.json',
    offsets: '/var/lib/agent/offsets',
    relocation: '/var/lib/agent/relocation',
  };
  const properties = ridesAgentProperties({ ...ridesDefaults, ...rides, kafkaBootstrap: config.kafka.brokers.join(','), paths });
  const driver = ridesDriverConfig({
    contactPoint: cassandra.contactPoints[0] ?? '127.0.0.1:9042',
    localDataCenter: cassandra.localDataCenter,
    auth: cassandra.auth,
  });
  const isDriver = call.options['file'] === 'driver.json';
  call.print(isDriver ? JSON.parse(driver) : properties, () => (isDriver ? driver : propertiesText(properties)));
  return 0;
}
