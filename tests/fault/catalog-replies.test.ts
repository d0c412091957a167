// Clients that send every change again until they know what became of it, each under its key, while the store fails before
// and after it has done what it was asked, and two processes of the catalog serve it. Each change happens once: the number
// in the name of the table's metadata file counts them.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { serveCatalog } from '../../catalog/serve.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { idSchema, idView, setProperty } from '../unit/catalog-http-fixture.ts';

const runs = process.env['FOZ_TEST_LONG'] === '1' ? 200 : 3;
const clients = 4;
const changesEach = 5;
const triesMax = 200;

type Fault = 'none' | 'before' | 'after';

/** Fails calls as the plan says, one after the other, and none once it is used up. */
function faulty(store: CatalogStore, plan: readonly Fault[]): CatalogStore {
  let calls = 0;
  const failing =
    <Given extends readonly unknown[], Result>(call: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      const fault = plan[calls++] ?? 'none';
      if (fault === 'before') throw new LakeError('CATALOG_UNREACHABLE', 'not reached');
      const result = await call(...given);
      if (fault === 'after') throw new LakeError('CATALOG_OUTCOME_UNKNOWN', 'the reply was lost');
      return result;
    };
  const { findReply, addReply, forgetReplies } = store.replies;
  return {
    ...store,
    getRelation: failing(store.getRelation),
    swapRelation: failing(store.swapRelation),
    replies: { findReply: failing(findReply), addReply: failing(addReply), forgetReplies: failing(forgetReplies) },
  };
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

async function send(url: string, path: string, body: unknown, key: string | null): Promise<Answered> {
  const headers = { 'content-type': 'application/json', ...(key === null ? {} : { 'idempotency-key': key }) };
  const response = await fetch(`${url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
}

/** Until it is known what became of it. */
async function sendUntilKnown(urls: readonly string[], path: string, body: unknown, key: string): Promise<Answered> {
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const answered = await send(urls[attempt % urls.length] ?? '', path, body, key);
    if (answered.status < 500) return answered;
  }
  throw new Error(`still unknown after ${triesMax} tries`);
}

const numberOf = (text: string): number => Number(/"metadata-location":"[^"]*\/(\d+)-/.exec(text)?.[1] ?? -1);

/** Changes of several clients, each of which is one step of the table whoever else is about. */
async function raceUnder(plan: readonly Fault[], kind: 'tables' | 'views'): Promise<void> {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const steady = await serveCatalog({ port: 0, store, objectStore });
  const one = await serveCatalog({ port: 0, store: faulty(store, plan), objectStore });
  const two = await serveCatalog({ port: 0, store: faulty(store, plan.toReversed()), objectStore });
  try {
    await send(steady.url, 'namespaces', { namespace: ['a'] }, null);
    const path = `namespaces/a/${kind}`;
    assert.equal((await send(steady.url, path, kind === 'tables' ? { name: 't', schema: idSchema } : view, null)).status, 200);
    let serial = 0;
    const client = async (id: number): Promise<void> => {
      for (let change = 0; change < changesEach; change++) {
        const key = `0195a0f2-79b0-7cc3-98c4-${String(++serial).padStart(12, '0')}`;
        // Nobody else ever sets this value, and the next one overwrites it: made twice, it would be seen.
        const body = { updates: [setProperty('last', `${id}.${change}`)] };
        const urls = id % 2 === 0 ? [one.url, two.url] : [two.url, one.url];
        const known = await sendUntilKnown(urls, `${path}/t`, body, key);
        assert.equal(known.status, 200, known.text);
        assert.deepEqual(await send(steady.url, `${path}/t`, body, key), known, 'and it stays the answer');
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, id) => client(id)));
    const last = await send(steady.url, `${path}/t`, { updates: [] }, null);
    assert.equal(numberOf(last.text), clients * changesEach, 'each change was made once');
  } finally {
    for (const server of [one, two, steady]) await server.close();
    await store[Symbol.asyncDispose]();
  }
}

const view = idView('t');

const plans = fc.array(fc.constantFrom<Fault>('none', 'none', 'before', 'after'), { minLength: 40, maxLength: 160 });

for (const kind of ['tables', 'views'] as const)
  test(`${kind}: changes sent again until they are known happen once each, whatever replies the store loses`, async () => {
    await fc.assert(
      fc.asyncProperty(plans, (plan) => raceUnder(plan, kind)),
      { numRuns: runs },
    );
  });
