// What no producer should send, straight into a topic between ordinary change events: every record is a row, the rows of
// the hostile ones say why they are not typed, and their neighbours are typed as if nothing had happened.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isRecord } from '../../runtime/options.ts';
import { envelopeMessages, makeTopic, produce } from './world-log.ts';
import { duckRowsOf, committedCopies, positionOf, prove, rowTexts, untilCaughtUp } from './world-table.ts';
import { askJson, targetOf, type World } from './world.ts';

const ordinary = 30;
const deep = 1_000_000;

interface Hostile {
  readonly what: string;
  readonly value: Buffer;
  /** Why it is not typed. */
  readonly reason: RegExp;
}

export async function hostileSection(t: TestContext, world: World): Promise<void> {
  await t.test('hostile records are rows with a reason, the worker lives and their neighbours are typed', async (inner) => {
    const target = targetOf('hostile', 'hostile');
    await makeTopic(world, target.topic, 1);
    const site = await world.site('hostile', { groupId: 'hostile', tables: [target] });
    const worker = site.start();
    const sent: { readonly value: Buffer; readonly hostile: Hostile | null }[] = [];
    // Ordinary ones first, so that the table knows what it is a table of; then each hostile one between two of them.
    const neighbours = envelopeMessages(0, ordinary, 1).map(({ value }) => Buffer.from(value ?? ''));
    sent.push(...neighbours.map((value) => ({ value, hostile: null })));
    for (const hostile of hostileRecords(neighbours)) {
      sent.push({ value: hostile.value, hostile });
      for (const value of neighbours.slice(0, 2)) sent.push({ value, hostile: null });
    }
    // One batch a record: the large ones would not fit together.
    for (const part of [sent.slice(0, ordinary), ...sent.slice(ordinary).map((one) => [one])])
      await produce(
        world,
        target.topic,
        part.map(({ value }) => ({ value, key: null, partition: 0 })),
      );
    await untilCaughtUp(world, target);
    const { records, rows, rescued } = await prove(world, target);
    assert.equal(records.length, sent.length);
    for (const [i, { hostile, value }] of sent.entries()) {
      const row = rows.get(positionOf({ partition: 0, offset: BigInt(i) }));
      assert.ok(row, `record ${i}`);
      const held = row['_rescued'];
      const reason = isRecord(held) ? String(held['reason']) : null;
      if (hostile) {
        assert.match(reason ?? 'null', hostile.reason, hostile.what);
      } else {
        assert.equal(reason, null, `neighbour ${i}: ${value.toString().slice(0, 200)}`);
        assert.equal(row['op'] === 'c' || row['op'] === 'u', true, `neighbour ${i} is typed`);
      }
    }
    inner.diagnostic(`rescued: ${[...rescued].map(([reason, count]) => `${reason} ${count}`).join(', ')}`);
    const status = await askJson(`${site.url}/status`);
    assert.equal(status?.body['pid'], worker.pid, 'the worker that started is the one that lives');
    assert.equal(await worker.stop(), 0);
    const copies = await committedCopies(world, target);
    assert.deepEqual(rowTexts(await duckRowsOf(copies)), rowTexts([...rows.values()]), 'DuckDB and hyparquet read the same');
  });
}

function text(what: string, value: string, reason: RegExp): Hostile {
  return { what, value: Buffer.from(value), reason };
}

function hostileRecords(neighbours: readonly Buffer[]): readonly Hostile[] {
  const [first, second] = neighbours.map((value) => value.toString());
  assert.ok(first !== undefined && second !== undefined);
  const changed = (from: string, to: string) => {
    assert.ok(first.includes(from));
    return first.replace(from, to);
  };
  return [
    { what: 'bytes that are no text', value: Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]), reason: /^not-utf8$/ },
    text('JSON cut short', first.slice(0, first.length / 2), /^malformed$/),
    text('a million levels', '['.repeat(deep) + ']'.repeat(deep), /^nested deeper/),
    text('a million levels inside an envelope', changed('"id":', `"deep":${'['.repeat(deep)}${']'.repeat(deep)},"id":`), /./),
    text('two documents, the second one a forged row', `${first}\n${second}`, /^malformed$/),
    text('a forged row in a broken text', changed('"op":"', `"op":"c"}\n{"_log_offset":0,"_log_partition":0,"op":"`), /./),
    text('an empty value', '', /^empty$/),
    text('a bare NaN', changed('"rating":', '"rating":NaN,"was":'), /./),
    text('a key that stands twice', changed('"id":', '"id":1,"id":'), /./),
    text('a lone surrogate', changed('"city":"', String.raw`"city":"\ud800`), /^malformed$/),
    text('an integer beyond 64 bits', changed('"id":', '"id":123456789012345678901234567890,"was":'), /./),
    text('__proto__', changed('"after":{', '"after":{"__proto__":{"op":"d"},'), /key that no column can bear/),
    text('ten megabytes in one value', changed('"city":"', `"city":"${'é\\n'.repeat(2_500_000)}`), /^larger than/),
  ];
}
