import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { objectStoreSuite } from './object-store.ts';

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

for (const fsync of [true, false]) {
  objectStoreSuite(
    `file system store ${fsync ? 'with' : 'without'} fsync`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'foz-store-'));
      folders.push(folder);
      return filesystemStore({ root: join(folder, 'new', 'lake'), fsync });
    },
    { fileSizes: [0, 1, 100_000], listCount: fsync ? 100 : 1_050 },
  );
}
