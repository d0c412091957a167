// What every object store promises, as one suite: the memory, file system and S3 adapters all run it. `open` gives a
// fresh, empty store each time; `folder` a directory for the local files a test needs.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { LakeError, type ErrorCode } from '../../runtime/errors.ts';
import { keyOf, locationOf, type ObjectStore } from '../../lake/store/object-store.ts';

export interface ObjectStoreSuiteOptions {
  /** Sizes at and around which the adapter changes its way of writing a file. */
  readonly fileSizes: readonly number[];
  /** Objects in the long list; more than one page where the adapter has pages. */
  readonly listCount: number;
  /** What a server is known to do otherwise, in keys that Foz itself never uses. */
  readonly known?: {
    /** Asking for a key below another object's key is an internal error there. */
    readonly failsBelowObjects?: boolean;
    /** Keys beyond the basic plane come in the order of UTF-16. */
    readonly ordersByUtf16?: boolean;
  };
}

export function objectStoreSuite(name: string, open: () => Promise<ObjectStore>, options: ObjectStoreSuiteOptions): void {
  const it = (sentence: string, run: (store: ObjectStore, folder: string) => Promise<void>) =>
    test(`${name}: ${sentence}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'foz-store-suite-'));
      try {
        await using store = await open();
        await run(store, folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  writing(it);
  reading(it, options);
  files(it, options);
  listing(it, options);
  keys(it);
  life(it);
}

type It = (sentence: string, run: (store: ObjectStore, folder: string) => Promise<void>) => void;

function writing(it: It): void {
  it('gives back exactly the bytes that were put, none included', async (store) => {
    for (const [key, body] of Object.entries({
      empty: new Uint8Array(),
      'every/byte': Uint8Array.from({ length: 256 }, (_, i) => i),
      big: randomBytes(1_234_567),
    })) {
      assert.deepEqual(await store.put(key, body), { kind: 'stored', bytes: body.byteLength });
      assert.ok(Buffer.from(body).equals(await store.get(key)), key);
    }
  });

  it('replaces without a condition, and refuses with ifAbsent without touching what is there', async (store) => {
    assert.equal((await store.put('k', text('one'), { ifAbsent: true })).kind, 'stored');
    assert.deepEqual(await store.put('k', text('two'), { ifAbsent: true }), { kind: 'exists' });
    assert.equal(await textAt(store, 'k'), 'one');
    // The same bytes again are no less taken: another writer must be told.
    assert.deepEqual(await store.put('k', text('one'), { ifAbsent: true }), { kind: 'exists' });
    assert.deepEqual(await store.put('k', text('three')), { kind: 'stored', bytes: 5 });
    assert.equal(await textAt(store, 'k'), 'three');
  });

  it('I4: of sixteen writers racing for one key with ifAbsent exactly one wins, and its bytes stay', async (store) => {
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, writer) => store.put(`race/${round}`, text(`writer ${writer}`), { ifAbsent: true })),
      );
      const winners = outcomes.flatMap((outcome, writer) => (outcome.kind === 'stored' ? [`writer ${writer}`] : []));
      assert.deepEqual(winners, [await textAt(store, `race/${round}`)]);
    }
  });

  it('shares no memory with its caller', async (store) => {
    const body = text('mine');
    await store.put('k', body);
    body.fill(0);
    const got = await store.get('k');
    got.fill(0);
    assert.equal(await textAt(store, 'k'), 'mine');
  });
}

function reading(it: It, options: ObjectStoreSuiteOptions): void {
  it('reads a range, cut at the end of the object', async (store) => {
    await store.put('k', text('0123456789'));
    assert.equal(Buffer.from(await store.get('k', { start: 2, end: 5 })).toString(), '234');
    assert.equal(Buffer.from(await store.get('k', { start: 0, end: 1 })).toString(), '0');
    assert.equal(Buffer.from(await store.get('k', { start: 8, end: 100 })).toString(), '89');
    await refused('STORE_REFUSED', () => store.get('k', { start: 10, end: 11 }));
    for (const range of [
      { start: 3, end: 3 },
      { start: -1, end: 3 },
      { start: 5, end: 2 },
      { start: 0.5, end: 2 },
    ]) {
      await refused('STORE_REFUSED', () => store.get('k', range));
    }
  });

  it('says OBJECT_MISSING for get, null for head, of what is not there', async (store, folder) => {
    await refused('OBJECT_MISSING', () => store.get('no/such'));
    await refused('OBJECT_MISSING', () => store.get('no/such', { start: 0, end: 4 }));
    await refused('OBJECT_MISSING', () => store.getFile('no/such', join(folder, 'file')));
    assert.equal(await store.head('no/such'), null);
    await store.put('a/b', text('x'));
    assert.equal(await store.head('a'), null);
    await refused('OBJECT_MISSING', () => store.get('a'));
    if (options.known?.failsBelowObjects === true) return;
    assert.equal(await store.head('a/b/c'), null);
    await refused('OBJECT_MISSING', () => store.get('a/b/c'));
  });

  it('knows size and time of an object', async (store) => {
    const before = Date.now();
    await store.put('k', text('12345'));
    const head = await store.head('k');
    assert.equal(head?.key, 'k');
    assert.equal(head.bytes, 5);
    assert.ok(Math.abs(head.modifiedAt - before) < 60_000, `modified at ${head.modifiedAt}, put at ${before}`);
  });
}

function files(it: It, options: ObjectStoreSuiteOptions): void {
  it('stores files of every size exactly, leaves them where they are, and gives them back as files', async (store, folder) => {
    for (const bytes of options.fileSizes) {
      const [source, target] = [join(folder, 'source'), join(folder, `target-${bytes}`)];
      const body = randomBytes(bytes);
      await writeFile(source, body);
      assert.deepEqual(await store.putFile(`file-${bytes}`, source), { kind: 'stored', bytes });
      assert.ok(body.equals(await readFile(source)));
      // What happens to the local file afterwards must not reach the object.
      await writeFile(source, 'changed');
      await writeFile(target, 'in the way');
      assert.equal(await store.getFile(`file-${bytes}`, target), bytes);
      assert.ok(body.equals(await readFile(target)), `${bytes} bytes`);
      assert.equal((await store.head(`file-${bytes}`))?.bytes, bytes);
    }
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes('partial')),
      [],
    );
  });

  it('I4: a file is refused with ifAbsent when the key is taken, whatever its size; of eight racing files one wins', async (store, folder) => {
    for (const bytes of options.fileSizes) {
      const bodies = Array.from({ length: 8 }, () => randomBytes(bytes));
      await Promise.all(bodies.map((body, writer) => writeFile(join(folder, `w${writer}`), body)));
      const outcomes = await Promise.all(
        bodies.map((_, writer) => store.putFile(`race-${bytes}`, join(folder, `w${writer}`), { ifAbsent: true })),
      );
      const winners = bodies.filter((_, writer) => outcomes[writer]?.kind === 'stored');
      assert.equal(winners.length, 1, `${bytes} bytes: one winner`);
      assert.ok(winners[0]?.equals(await store.get(`race-${bytes}`)));
      assert.deepEqual(await store.putFile(`race-${bytes}`, join(folder, 'w0'), { ifAbsent: true }), { kind: 'exists' });
    }
  });

  it('says STORE_REFUSED of a local file that cannot be read or written', async (store, folder) => {
    await refused('STORE_REFUSED', () => store.putFile('k', join(folder, 'no-such-file')));
    assert.equal(await store.head('k'), null);
    await store.put('k', text('x'));
    await refused('STORE_REFUSED', () => store.getFile('k', join(folder, 'no', 'such', 'folder')));
  });

  it('leaves a local file alone when there is nothing to copy into it', async (store, folder) => {
    const target = join(folder, 'target');
    await writeFile(target, 'kept');
    await refused('OBJECT_MISSING', () => store.getFile('no/such', target));
    assert.equal(await readFile(target, 'utf8'), 'kept');
    assert.deepEqual(await readdir(folder), ['target']);
  });
}

function listing(it: It, options: ObjectStoreSuiteOptions): void {
  it('lists by prefix, cut anywhere, in the order of UTF-8 bytes', async (store) => {
    const all = [
      'a-b',
      'a/b',
      'a/b.c',
      'a/b0',
      'a0',
      'ab/c',
      'b/a',
      'b/é',
      'b/\u{ff5e}',
      ...(options.known?.ordersByUtf16 === true ? [] : ['b/\u{1f30a}']),
    ];
    for (const key of all.toReversed()) await store.put(key, text(key));
    const byBytes = all.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b.', 'ab', 'b/', 'c', 'a/b/']) {
      assert.deepEqual(
        await listed(store, prefix),
        byBytes.filter((key) => key.startsWith(prefix)),
        `prefix "${prefix}"`,
      );
    }
    for await (const head of store.list('a/')) assert.equal(head.bytes, Buffer.byteLength(head.key));
  });

  it(`lists and deletes ${options.listCount} objects, each once`, async (store) => {
    const all = Array.from({ length: options.listCount }, (_, i) => `many/${i % 7}/${String(i).padStart(6, '0')}`);
    await eachOf(all, 32, async (key) => void (await store.put(key, text('x'))));
    await store.put('other', text('stays'));
    assert.deepEqual(await listed(store, 'many/'), all.toSorted());
    await store.delete([...all, 'many/never/there']);
    assert.deepEqual(await listed(store, ''), ['other']);
  });

  it('can be listed while what is listed is deleted', async (store) => {
    for (let i = 0; i < 20; i++) await store.put(`k/${i}`, text('x'));
    for await (const head of store.list('k/')) await store.delete([head.key]);
    assert.deepEqual(await listed(store, ''), []);
  });

  it('deletes what is absent without complaint, and nothing but what it was told', async (store) => {
    await store.put('a/b', text('x'));
    await store.delete(['a', 'a/c', 'b', ...(options.known?.failsBelowObjects === true ? [] : ['a/b/c'])]);
    await store.delete([]);
    assert.deepEqual(await listed(store, ''), ['a/b']);
    await store.delete(['a/b']);
    await store.delete(['a/b']);
    assert.equal(await store.head('a/b'), null);
  });
}

function keys(it: It): void {
  it('takes any well-formed key', async (store) => {
    const odd = [
      'date=2026-11-21/a b+c%20d&e#f?g=h',
      'quotes\'"<>',
      'ünïcödé/日本/🌊',
      'dots/..hidden/a..b/...',
      '-',
      '~!@$^*()_{}[]|;,',
      `long/${'x'.repeat(200)}`,
    ];
    for (const key of odd) {
      await store.put(key, text(key), { ifAbsent: true });
      assert.equal(await textAt(store, key), key);
      assert.equal(keyOf(store, locationOf(store, key)), key);
    }
    assert.deepEqual((await listed(store, '')).toSorted(), odd.toSorted());
    await store.delete(odd);
    assert.deepEqual(await listed(store, ''), []);
  });

  it('refuses keys that are empty, lead elsewhere, or are no text, in every method', async (store, folder) => {
    await writeFile(join(folder, 'file'), 'x');
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../../b',
      'a/./b',
      'a/..',
      'a\0b',
      'a\nb',
      'a\\..\\b',
      'a\ud800b',
      'x'.repeat(1025),
    ];
    for (const key of bad) {
      await refused('STORE_REFUSED', () => store.put(key, text('x')));
      await refused('STORE_REFUSED', () => store.putFile(key, join(folder, 'file')));
      await refused('STORE_REFUSED', () => store.get(key));
      await refused('STORE_REFUSED', () => store.getFile(key, join(folder, 'out')));
      await refused('STORE_REFUSED', () => store.head(key));
      await refused('STORE_REFUSED', () => store.delete(['fine', key]));
    }
    for (const prefix of ['/', '../', 'a/../', 'a//']) await refused('STORE_REFUSED', () => listed(store, prefix));
    assert.deepEqual(await listed(store, ''), []);
  });
}

function life(it: It): void {
  it('passes its own self-test and leaves nothing behind', async (store) => {
    await store.put('before', text('x'));
    const report = await store.selfTest();
    assert.equal(report.conditionalPut, true);
    assert.equal(report.conditionalComplete, true);
    assert.ok(report.raceRounds >= 8);
    assert.equal(report.raceFailures, 0);
    assert.deepEqual(await listed(store, ''), ['before']);
  });

  it('does nothing once the signal is aborted, and says so with the reason', async (store, folder) => {
    await store.put('k', text('before'));
    await writeFile(join(folder, 'file'), 'after');
    const reason = new Error('stop');
    const signal = AbortSignal.abort(reason);
    const attempts = [
      () => store.put('k', text('after'), {}, signal),
      () => store.putFile('k', join(folder, 'file'), {}, signal),
      () => store.get('k', undefined, signal),
      () => store.getFile('k', join(folder, 'out'), signal),
      () => store.head('k', signal),
      () => store.delete(['k'], signal),
      () => listed(store, '', signal),
    ];
    for (const attempt of attempts)
      await assert.rejects(attempt, (error) => error === reason || (error instanceof Error && error.cause === reason));
    assert.equal(await textAt(store, 'k'), 'before');
  });
}

export function text(value: string): Buffer {
  return Buffer.from(value);
}

export async function textAt(store: ObjectStore, key: string): Promise<string> {
  return Buffer.from(await store.get(key)).toString();
}

export async function listed(store: ObjectStore, prefix: string, signal?: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  for await (const head of store.list(prefix, signal)) found.push(head.key);
  return found;
}

export async function refused(code: ErrorCode, attempt: () => Promise<unknown>): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof LakeError, `expected a LakeError, found ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** Runs `task` over all items, `max` at a time. */
export async function eachOf<T>(items: readonly T[], max: number, task: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: max }, async () => {
      for (const item of left) await task(item);
    }),
  );
}
