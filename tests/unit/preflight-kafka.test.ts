import assert from 'node:assert/strict';
import test from 'node:test';
import { changeTopicConfig, topicDefaults, type TopicDefinition } from '../../connectors/definition.ts';
import { preflightKafka, type TopicState } from '../../connectors/preflight-kafka.ts';

const topic: TopicDefinition = { name: 'pg.public.users', partitions: 1, replicationFactor: 1, config: changeTopicConfig(topicDefaults) };
const sound: TopicState = { partitions: 1, config: { ...topic.config } };

const found = (state: TopicState | null) =>
  preflightKafka(async () => new Map(state === null ? [] : [[topic.name, state]]), [topic], 'localhost:9092');

test('a topic made as defined gives no finding', async () => {
  assert.deepEqual(await found(sound), []);
});

const cases: readonly (readonly [what: string, state: TopicState | null, code: string, mend: string])[] = [
  ['no topic', null, 'KAFKA_TOPIC_MISSING', '--create --topic pg.public.users --partitions 1'],
  [
    'the producer’s time stamps',
    { ...sound, config: { ...sound.config, 'message.timestamp.type': 'CreateTime' } },
    'KAFKA_TIMESTAMP_TYPE',
    'message.timestamp.type=LogAppendTime',
  ],
  [
    'a compacted topic',
    { ...sound, config: { ...sound.config, 'cleanup.policy': 'compact,delete' } },
    'KAFKA_COMPACTED',
    'cleanup.policy=delete',
  ],
  ['a short retention', { ...sound, config: { ...sound.config, 'retention.ms': '3600000' } }, 'KAFKA_RETENTION', 'retention.ms=604800000'],
  [
    'small messages only',
    { ...sound, config: { ...sound.config, 'max.message.bytes': '1048588' } },
    'KAFKA_MESSAGE_BYTES',
    'max.message.bytes=',
  ],
  ['too many partitions', { ...sound, partitions: 4 }, 'KAFKA_PARTITIONS', '--delete --topic'],
];

for (const [what, state, code, mend] of cases) {
  test(`preflight finds ${what}, and the command that mends it`, async () => {
    const findings = await found(state);
    assert.deepEqual(
      findings.map((finding) => finding.code),
      [code],
    );
    assert.ok(findings[0]?.mend.includes(mend), findings[0]?.mend);
  });
}

test('retention for ever is never too short', async () => {
  assert.deepEqual(await found({ ...sound, config: { ...sound.config, 'retention.ms': '-1' } }), []);
});
