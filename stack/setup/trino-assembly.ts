// Trino 483 put together from its jars: since 476 no server archive is published where Maven finds one. Lib and plugin
// folders are resolved with the pinned poms of `stack/trino`; two small things that only the archive would carry are
// made here: a main class that knows its version, and the service file by which a plugin is found.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedFolder, cacheRoot, hashOf, run, runMaven, type DownloadOptions } from './downloads.ts';
import { ensureBuildTools, requireJava25, type BuildTools, type JavaHome } from './java.ts';

export interface TrinoAssembly {
  readonly dir: string;
  readonly version: string;
  readonly java: JavaHome;
}

const trinoVersion = '483';
const trinoDir = fileURLToPath(new URL('../trino/', import.meta.url));

/** The server provides these to plugins; a second copy in the plugin's own class loader breaks it. */
const providedByServer =
  /^(trino-spi-|slice-\d|jol-core-|jackson-annotations-|opentelemetry-(api-1|context-|common-1)|netty-codec-native-quic-)/;

export async function ensureTrino(options: DownloadOptions = {}, signal?: AbortSignal): Promise<TrinoAssembly> {
  const java = requireJava25();
  const dir = join(options.cacheDir ?? cacheRoot(), `trino-${trinoVersion}-${await hashOf([trinoDir])}`);
  const what = `assembling Trino ${trinoVersion} (about 250 MB, once)`;
  const fill = async (work: string, say: (line: string) => void) => assemble(work, await ensureBuildTools(say), java, signal);
  await cachedFolder({ dir, what, fill }, options, signal);
  return { dir, version: trinoVersion, java };
}

async function assemble(work: string, tools: BuildTools, java: JavaHome, signal?: AbortSignal): Promise<void> {
  await runMaven(tools, ['-T', '2', '-f', join(trinoDir, 'pom.xml'), `-Dfoz.out=${work}`, 'generate-resources'], signal);
  await rm(join(work, '.work'), { recursive: true, force: true });
  const [lib, plugin] = [join(work, 'lib'), join(work, 'plugin/iceberg')];
  await rename(join(work, 'core'), lib);
  await mkdir(dirname(plugin));
  await rename(join(work, 'iceberg'), plugin);
  for (const name of await readdir(plugin)) if (providedByServer.test(name)) await rm(join(plugin, name));
  await compileMain(java, work);
  await writeServiceJar(java, plugin, 'io.trino.plugin.iceberg.IcebergPlugin');
  await shareSameFiles(lib, plugin);
}

async function compileMain(java: JavaHome, work: string): Promise<void> {
  const source = join(trinoDir, 'java/io/trino/server/FozTrinoServer.java');
  const classes = join(work, '.classes');
  await run(java.javac ?? 'javac', ['-proc:none', '-nowarn', '-cp', join(work, 'lib/*'), '-d', classes, source], process.env);
  await run(java.jar ?? 'jar', ['cf', join(work, 'lib/foz-trino-server.jar'), '-C', classes, 'io'], process.env);
  await rm(classes, { recursive: true });
}

async function writeServiceJar(java: JavaHome, pluginDir: string, className: string): Promise<void> {
  const work = join(pluginDir, '.services');
  await mkdir(join(work, 'META-INF/services'), { recursive: true });
  await writeFile(join(work, 'META-INF/services/io.trino.spi.Plugin'), `${className}\n`);
  await run(java.jar ?? 'jar', ['cf', join(pluginDir, 'foz-plugin-services.jar'), '-C', work, 'META-INF'], process.env);
  await rm(work, { recursive: true });
}

/** Jars that server and plugin both carry become one file with two names. */
async function shareSameFiles(from: string, to: string): Promise<void> {
  for (const name of await readdir(to)) {
    const [kept, copy] = [join(from, name), join(to, name)];
    if (!existsSync(kept) || (await stat(kept)).size !== (await stat(copy)).size) continue;
    if ((await digest(kept)) !== (await digest(copy))) continue;
    await rm(copy);
    await link(kept, copy);
  }
}

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
