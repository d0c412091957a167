// What every store of replies promises: the first one stays, until its time is over.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { IdempotentReply } from '../../catalog/store/change-record.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const reply = (key: string, expiresAt: number, body = '{"text":"é\\u0000"}'): IdempotentReply => ({
  key,
  digest: 'd'.repeat(64),
  expiresAt,
  reply: { kind: 'body', status: 409, body },
});

export function replyStoreSuite(world: StoreWorld): void {
  test(`${world.name}: of replies under one key the first stays, also of many at once`, () =>
    withStore(world, async ({ replies }) => {
      assert.equal(await replies.findReply('a'), null);
      assert.equal(await replies.addReply(reply('a', 10)), 'added');
      assert.equal(await replies.addReply(reply('a', 99, 'other')), 'taken');
      assert.deepEqual(await replies.findReply('a'), reply('a', 10));
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => replies.addReply(reply('b', 10, String(n)))));
      assert.equal(outcomes.filter((outcome) => outcome === 'added').length, 1);
      assert.deepEqual(await replies.findReply('b'), reply('b', 10, String(outcomes.indexOf('added'))));
      const relation = {
        kind: 'metadata',
        relation: 'view',
        ident: { namespace: ['a', 'b'], name: 'v.w' },
        metadataLocation: 's3://x/y',
      } as const;
      await replies.addReply({ ...reply('c', 10), reply: relation });
      assert.deepEqual((await replies.findReply('c'))?.reply, relation);
    }));

  test(`${world.name}: replies whose time is over are forgotten, the oldest first, and their keys are free`, () =>
    withStore(world, async ({ replies }) => {
      for (const [key, expiresAt] of Object.entries({ a: 30, b: 10, c: 20, d: 21 })) await replies.addReply(reply(key, expiresAt));
      const left = async () =>
        (await Promise.all(['a', 'b', 'c', 'd'].map((key) => replies.findReply(key)))).map((found) => found?.key ?? '');
      assert.equal(await replies.forgetReplies(20, 1), 1);
      assert.deepEqual(await left(), ['a', '', 'c', 'd']);
      assert.equal(await replies.forgetReplies(20, 5), 1);
      assert.deepEqual(await left(), ['a', '', '', 'd']);
      assert.equal(await replies.forgetReplies(20, 5), 0);
      assert.equal(await replies.addReply(reply('b', 50)), 'added');
    }));
}
