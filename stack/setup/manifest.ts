// What a download folder must hold: every file with its size and sha256. Written once, when the download is complete;
// sizes are compared at each start (milliseconds), sums by `foz check` (seconds).

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

const manifestName = 'manifest.json';

export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export async function writeManifest(dir: string): Promise<void> {
  const files: ManifestFile[] = [];
  for (const path of await listFiles(dir)) {
    const absolute = join(dir, path);
    files.push({ path, size: (await stat(absolute)).size, sha256: await sha256Of(absolute) });
  }
  await writeFile(join(dir, manifestName), `${JSON.stringify({ files }, null, 1)}\n`);
}

/** The problems of a download folder, each naming a file; none when it is whole. */
export async function verifyManifest(dir: string, depth: 'sizes' | 'sums'): Promise<string[]> {
  const files = await readManifest(dir);
  if (files === null) return [`${join(dir, manifestName)} is missing or unreadable`];
  const problems: string[] = [];
  for (const file of files) {
    const absolute = join(dir, file.path);
    const found = await stat(absolute).catch(() => null);
    if (found === null) problems.push(`${absolute} is missing`);
    else if (found.size !== file.size) problems.push(`${absolute} has ${found.size} bytes, expected ${file.size}`);
    else if (depth === 'sums' && (await sha256Of(absolute)) !== file.sha256)
      problems.push(`${absolute} has another content than downloaded`);
  }
  return problems;
}

async function readManifest(dir: string): Promise<ManifestFile[] | null> {
  try {
    const document: unknown = JSON.parse(await readFile(join(dir, manifestName), 'utf8'));
    if (typeof document !== 'object' || document === null || !('files' in document) || !Array.isArray(document.files)) return null;
    const files: unknown[] = document.files;
    return files.every(isManifestFile) ? files : null;
  } catch {
    return null;
  }
}

function isManifestFile(value: unknown): value is ManifestFile {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'path' in value &&
    typeof value.path === 'string' &&
    'size' in value &&
    typeof value.size === 'number' &&
    'sha256' in value &&
    typeof value.sha256 === 'string'
  );
}

async function listFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .filter((path) => path !== manifestName)
    .sort();
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
