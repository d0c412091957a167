// What only the file system adapter can get wrong: links out of its root, leftovers of a crash, names it cannot hold.

import assert from 'node:assert/strict';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { listed, refused, text, textAt } from '../conformance/object-store.ts';

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'foz-fs-store-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('no symbolic link below the root is followed, by any method, and none is listed', () =>
  inFolder(async (folder) => {
    const store = filesystemStore({ root: join(folder, 'lake') });
    await store.put('inside/k', text('mine'));
    await mkdir(join(folder, 'outside'));
    await writeFile(join(folder, 'outside', 'secret'), 'secret');
    await symlink(join(folder, 'outside'), join(folder, 'lake', 'door'));
    await symlink(join(folder, 'outside', 'secret'), join(folder, 'lake', 'inside', 'window'));
    for (const key of ['door/secret', 'inside/window']) {
      await refused('STORE_REFUSED', () => store.get(key));
      await refused('STORE_REFUSED', () => store.head(key));
      await refused('STORE_REFUSED', () => store.getFile(key, join(folder, 'out')));
      await refused('STORE_REFUSED', () => store.delete([key]));
    }
    await refused('STORE_REFUSED', () => store.put('door/new', text('x')));
    await refused('STORE_REFUSED', () => store.put('door/below/new', text('x'), { ifAbsent: true }));
    assert.deepEqual(await listed(store, ''), ['inside/k']);
    assert.deepEqual(await listed(store, 'door/'), []);
    assert.deepEqual(await readdir(join(folder, 'outside')), ['secret']);
    assert.equal(await readFile(join(folder, 'outside', 'secret'), 'utf8'), 'secret');
    // A link put in place of a directory the store has already written to.
    await rm(join(folder, 'lake', 'inside'), { recursive: true });
    await symlink(join(folder, 'outside'), join(folder, 'lake', 'inside'));
    await refused('STORE_REFUSED', () => store.put('inside/k', text('x')));
    assert.deepEqual(await readdir(join(folder, 'outside')), ['secret']);
  }));

test('the root itself may be reached through a link', () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, 'disk'));
    await symlink(join(folder, 'disk'), join(folder, 'lake'));
    const store = filesystemStore({ root: join(folder, 'lake') });
    await store.put('a/k', text('x'));
    assert.equal(await textAt(store, 'a/k'), 'x');
    assert.deepEqual(await listed(store, 'a/'), ['a/k']);
    assert.equal(await readFile(join(folder, 'disk', 'a', 'k'), 'utf8'), 'x');
  }));

test('unfinished files are no objects: not listed, not reachable by key, and swept by the self-test once they are old', () =>
  inFolder(async (folder) => {
    const store = filesystemStore({ root: folder, tempAgeMaxMs: 60_000 });
    await store.put('k', text('x'));
    const temps = join(folder, '.foz-tmp');
    assert.deepEqual(await readdir(temps), [], 'a finished put leaves none');
    await writeFile(join(temps, 'old'), 'half');
    await utimes(join(temps, 'old'), new Date(0), new Date(0));
    await writeFile(join(temps, 'young'), 'half');
    assert.deepEqual(await listed(store, ''), ['k']);
    assert.deepEqual(await listed(store, '.foz'), []);
    assert.deepEqual(await listed(store, '.foz-tmp/'), []);
    await refused('STORE_REFUSED', () => store.get('.foz-tmp/old'));
    await refused('STORE_REFUSED', () => store.put('.foz-tmp/new', text('x')));
    await store.selfTest();
    assert.deepEqual(await readdir(temps), ['young'], 'another process may still be writing it');
  }));

test('a replaced object is a new file, so a reader in the middle keeps the old bytes', () =>
  inFolder(async (folder) => {
    const store = filesystemStore({ root: join(folder, 'lake') });
    await store.put('k', text('old'));
    await link(join(folder, 'lake', 'k'), join(folder, 'reader'));
    await store.put('k', text('new!'));
    assert.equal(await readFile(join(folder, 'reader'), 'utf8'), 'old');
    assert.equal(await textAt(store, 'k'), 'new!');
    assert.equal((await stat(join(folder, 'lake', 'k'))).nlink, 1, 'no second name of an object is left');
  }));

test('a key that would be file and directory at once, or too long for the disk, is refused', () =>
  inFolder(async (folder) => {
    const store = filesystemStore({ root: folder });
    await store.put('a/b', text('x'));
    await refused('STORE_REFUSED', () => store.put('a', text('x')));
    await refused('STORE_REFUSED', () => store.put('a', text('x'), { ifAbsent: true }));
    await refused('STORE_REFUSED', () => store.put('a/b/c', text('x')));
    await refused('STORE_REFUSED', () => store.put('n'.repeat(300), text('x')));
    await refused('STORE_REFUSED', () => store.putFile('k', join(folder, 'no-such-file')));
    assert.deepEqual(await listed(store, ''), ['a/b']);
    assert.deepEqual(await readdir(join(folder, '.foz-tmp')), []);
  }));

test('two handles of one directory hold the condition between them', () =>
  inFolder(async (folder) => {
    const stores = Array.from({ length: 4 }, () => filesystemStore({ root: folder }));
    for (let round = 0; round < 20; round++) {
      const outcomes = await Promise.all(
        stores.map((store, writer) => store.put(`deep/${round}/k`, text(`${writer}`), { ifAbsent: true })),
      );
      const winners = outcomes.flatMap((outcome, writer) => (outcome.kind === 'stored' ? [`${writer}`] : []));
      assert.deepEqual(winners, [await textAt(stores[0] ?? filesystemStore({ root: folder }), `deep/${round}/k`)]);
    }
  }));

test('the file system root is no place for a store', () => {
  assert.throws(() => filesystemStore({ root: '/' }), /directory of its own/);
});
