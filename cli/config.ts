// foz.yaml as a whole: the option tables composed, the file found, read, judged and frozen. The environment is read here
// and nowhere else: process variables over a `.env` beside the file.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { parseConfig, problemText, schemaDocument, type ConfigOutcome, type ConfigProblem } from '../runtime/config-file.ts';
import { LakeError } from '../runtime/errors.ts';
import { choice, group, optional, type ValueOf } from '../runtime/options.ts';
import type { Secret } from '../runtime/secret.ts';
import { catalogOptions } from './options/catalog.ts';
import { contractsOptions } from './options/contracts.ts';
import { kafkaOptions } from './options/kafka.ts';
import { httpOptions, lakeOptions } from './options/lake.ts';
import { connectOptions, connectorsOptions, sourcesOptions } from './options/sources.ts';
import { lineageOptions } from './options/lineage.ts';
import { qualityOptions } from './options/quality.ts';
import { queryOptions, syncOptions } from './options/sync.ts';
import { verifyOptions } from './options/verify.ts';

export const configOptions = group(
  {
    kafka: kafkaOptions,
    lake: lakeOptions,
    catalog: catalogOptions,
    sync: syncOptions,
    sources: sourcesOptions,
    connect: optional(connectOptions),
    connectors: connectorsOptions,
    contracts: contractsOptions,
    quality: qualityOptions,
    lineage: optional(lineageOptions),
    http: httpOptions,
    query: queryOptions,
    verify: verifyOptions,
    logging: group(
      { level: choice(['debug', 'info', 'warn', 'error'], { doc: 'Least level written to stderr', default: 'info' }) },
      { doc: 'Logging' },
    ),
  },
  { doc: 'Configuration of Foz' },
);

export type Config = ValueOf<typeof configOptions>;

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute; relative paths in the file are meant from its directory. */
  readonly directory: string;
  readonly file: string;
  readonly secrets: readonly Secret[];
}

export const configSchema = (): Readonly<Record<string, unknown>> =>
  schemaDocument(configOptions, { $id: 'foz.schema.json', title: 'foz.yaml' });

/** Which file is meant: the one given, else ./foz.yaml, else the local stack's. Null when there is none. */
export function findConfig(given: string | undefined, stackDirectory: string): string | null {
  if (given !== undefined) return resolve(given);
  return [resolve('foz.yaml'), join(stackDirectory, 'foz.yaml')].find((candidate) => existsSync(candidate)) ?? null;
}

/** Problems are values: `foz check` reports them beside its other findings. */
export function readConfig(file: string): ConfigOutcome<Config> {
  const directory = dirname(file);
  return parseConfig(
    {
      file: shortPath(file),
      text: readFileSync(file, 'utf8'),
      env: { ...envFile(join(directory, '.env')), ...process.env },
      readFile: (path) => readFileSync(resolve(directory, path), 'utf8'),
    },
    configOptions,
  );
}

/** The valid configuration, or CONFIG_INVALID with every problem in its message. */
export function loadConfig(given: string | undefined, stackDirectory = resolve('.foz', 'stack')): LoadedConfig {
  const file = findConfig(given, stackDirectory);
  if (file === null || !existsSync(file)) {
    const looked = file === null ? `./foz.yaml and ${join(shortPath(stackDirectory), 'foz.yaml')}` : shortPath(file);
    throw new LakeError('CONFIG_INVALID', `There is no configuration: looked for ${looked}.`, {
      context: { expected: 'a foz.yaml', found: 'no such file', next: 'foz init' },
    });
  }
  const outcome = readConfig(file);
  if (outcome.kind === 'invalid') throw configInvalid(shortPath(file), outcome.problems);
  return { config: outcome.value, directory: dirname(file), file, secrets: outcome.secrets };
}

function configInvalid(file: string, problems: readonly ConfigProblem[]): LakeError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new LakeError('CONFIG_INVALID', `${count} in ${file}:\n${problems.map((problem) => `  ${problemText(problem)}`).join('\n')}`, {
    context: { next: 'foz check' },
  });
}

function envFile(path: string): Record<string, string | undefined> {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short || '.';
}
