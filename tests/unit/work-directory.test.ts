// A process works in a folder of its own, and clears its own and those of processes that are gone, nobody else's.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test from 'node:test';
import { loadConfig } from '../../cli/config.ts';
import { clearWorkDirectory, workDirectory } from '../../cli/work-directory.ts';

test('folders of this process and of dead ones are cleared, all else stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-work-'));
  try {
    const file = join(folder, 'foz.yaml');
    await writeFile(
      file,
      `kafka: { brokers: ["127.0.0.1:1"] }
lake: { workDir: work, store: { kind: filesystem, path: lake } }
sync: { tables: [{ topic: a.b.users }] }
`,
    );
    const loaded = loadConfig(file);
    await clearWorkDirectory(loaded);
    const own = workDirectory(loaded);
    assert.deepEqual([dirname(own), basename(own)], [join(folder, 'work'), String(process.pid)]);
    // No process has the largest of all numbers.
    for (const name of [String(process.pid), '2147483647', String(process.ppid), 'attempts'])
      await mkdir(join(folder, 'work', name, 'deep'), { recursive: true });
    await clearWorkDirectory(loaded);
    assert.deepEqual((await readdir(join(folder, 'work'))).toSorted(), ['attempts', String(process.ppid)].toSorted());
  } finally {
    await rm(folder, { recursive: true });
  }
});
