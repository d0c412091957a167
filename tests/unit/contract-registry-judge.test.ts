// The judging thread: the same answers as in this process, the event loop free meanwhile, and an end to every question.

import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeParts } from '../../catalog/registry/judge-parts.ts';
import { threadJudge } from '../../catalog/registry/thread-judge.ts';
import { usersDocument } from '../conformance/contract-documents.ts';

const contractOf = (text: string) => {
  const reading = judgeParts.read(text, 'users.yaml');
  assert.ok(reading.kind === 'contract', JSON.stringify(reading));
  return reading.contract;
};

/** Columns with patterns: seconds to compare. */
function wideDocument(version: string, lengthMax: number): string {
  const column = (index: number) =>
    `      - { name: c${index}, logicalType: string, physicalType: text, logicalTypeOptions: { maxLength: ${lengthMax}, pattern: "^(a|b)*c{${index % 9}}$" } }`;
  const columns = Array.from({ length: 1_500 }, (_, index) => column(index)).join('\n');
  return `apiVersion: v3.2.0\nkind: DataContract\nid: wide\nname: Wide\nversion: ${version}\nstatus: active\nschema:\n  - name: wide\n    logicalType: object\n    properties:\n${columns}\n`;
}

test('the thread answers as this process does, question after question', async () => {
  await using judge = threadJudge();
  const [one, two] = [usersDocument({ version: '1.0.0' }), usersDocument({ version: '2.0.0', emailLengthMax: 10 })];
  const readings = await Promise.all([judge.read(one, 'a.yaml'), judge.read(two, 'b.yaml'), judge.read('nothing', 'c.yaml')]);
  assert.deepEqual(readings, [judgeParts.read(one, 'a.yaml'), judgeParts.read(two, 'b.yaml'), judgeParts.read('nothing', 'c.yaml')]);
  assert.deepEqual(await judge.enforcementProblems(contractOf(one)), []);
  const compared = await judge.compare(contractOf(one), contractOf(two));
  assert.deepEqual([compared.backward, compared.forward, compared.witnesses.length], [false, true, 1]);
});

test('a question that takes too long is given up, the event loop is free meanwhile, and the next one is answered', async () => {
  const [older, newer] = [contractOf(wideDocument('1.0.0', 50)), contractOf(wideDocument('1.0.1', 40))];
  await using judge = threadJudge({ questionMaxMs: 700 });
  // The thread is there before time is taken.
  await judge.enforcementProblems(contractOf(usersDocument({ version: '1.0.0' })));
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 10);
  const compared = await judge.compare(older, newer);
  clearInterval(ticking);
  assert.deepEqual([compared.backward, compared.forward], ['unknown', 'unknown']);
  assert.match(compared.differences[0]?.message ?? '', /comparison with 1\.0\.0 was given up: it took longer than 0\.7 s/);
  assert.ok(ticks > 2, `${ticks} ticks`);
  assert.ok(await answersAgain(judge));
});

/** After the end of one thread, another is started; it may take its time on a busy machine, so it is asked until it answers. */
async function answersAgain(judge: ReturnType<typeof threadJudge>): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt++)
    if ((await judge.read(usersDocument({ version: '1.0.0' }), 'a.yaml')).kind === 'contract') return true;
  return false;
}

test('a document that takes all memory is given up with the reason, not the process', async () => {
  await using judge = threadJudge({ memoryMaxMb: 8, questionMaxMs: 60_000 });
  const reading = await judge.read(wideDocument('1.0.0', 50), 'wide.yaml');
  assert.ok(reading.kind === 'problems');
  assert.match(reading.problems[0]?.message ?? '', /given up: .*memory/i);
});
