import { readFileSync } from 'node:fs';
import { isRecord } from '../runtime/options.ts';
import { packageFile } from './package-file.ts';

/** Of the package this file belongs to. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));
  return isRecord(manifest) ? String(manifest['version']) : 'unknown';
}
