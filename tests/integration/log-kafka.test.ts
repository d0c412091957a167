import { after, before } from 'node:test';
import { logSuite } from '../conformance/log-suite.ts';
import { testKafka, type TestKafka } from './log-kafka-world.ts';

let kafka: TestKafka | undefined;
before(async () => {
  kafka = await testKafka();
});
after(() => kafka?.[Symbol.asyncDispose]());

logSuite('Kafka log', async () => {
  if (!kafka) throw new Error('Kafka did not start');
  return kafka.world();
});
