// Data files on local disk: what happens to the other downloads where one fails.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { locationOf, type ObjectStore } from '../../lake/store/object-store.ts';
import { openFileCache } from '../../query/file-cache.ts';
import { systemClock } from '../../runtime/clock.ts';

test('where one file cannot be had nothing is on its way any more once that is told, and no other is begun', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'foz-file-cache-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await using store = memoryStore('files');
  const names = ['gone', 'slow', 'later'];
  for (const name of names.slice(1)) await store.put(name, Buffer.from(name));
  const [begun, ended]: [string[], string[]] = [[], []];
  const getFile: ObjectStore['getFile'] = async (key, path, signal) => {
    begun.push(key);
    if (key === 'slow') await systemClock.sleep(30);
    const bytes = await store.getFile(key, path, signal);
    ended.push(key);
    return bytes;
  };
  const cache = await openFileCache({ ...store, getFile }, { directory, bytesMax: 0, fetchesMax: 2 });
  const objects = names.map((name) => ({ location: locationOf(store, name), bytes: name.length }));
  await assert.rejects(cache.hold(objects), { code: 'OBJECT_MISSING' });
  assert.deepEqual([begun.toSorted(), ended], [['gone', 'slow'], ['slow']]);
});
