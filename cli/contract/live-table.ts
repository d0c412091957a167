// The live table that a person means by a URL, by a name of foz.yaml's, or that a contract's table stands for.

import { databaseOfBody } from '../../contracts/column-type.ts';
import type { ContractTable } from '../../contracts/contract.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Source, SourceTable, SourceTableName } from '../../sources/source.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { CommandCall } from '../command.ts';
import type { LoadedConfig } from '../config.ts';
import { tableTargets, targetNamed } from '../settings.ts';
import { openSource, openSourceAt } from '../wire.ts';
import { isSourceUrl, sourcePlace } from './source-place.ts';

/** Rows a page of a sample: a page is held in memory whole, and values may be large. */
const samplePageRows = 200;

export interface LiveTable extends AsyncDisposable {
  readonly source: Source;
  readonly database: 'postgres' | 'cassandra';
  readonly name: SourceTableName;
  /** The configured name in the lake; of a URL, the table's. */
  readonly tableName: string;
}

export function openLiveTable(text: string, call: CommandCall, env: NodeJS.ProcessEnv): LiveTable {
  if (!isSourceUrl(text)) {
    const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
    if (scheme !== undefined)
      throw new LakeError('ARGUMENT_INVALID', `${scheme} is no source that Foz reads`, {
        context: { expected: 'postgres://…, cassandra://…, or a table of foz.yaml', found: `${scheme}://…` },
      });
    const loaded = call.loadConfig();
    return liveTarget(loaded, targetNamed(loaded.config, text));
  }
  const place = sourcePlace(text, env);
  return live(openSourceAt(place, samplePageRows), place.kind, place.name, place.name.table);
}

/** Topics are `prefix.schema.table` and `prefix.keyspace.table`; the prefix says whose connector writes it. */
export function liveTarget(loaded: LoadedConfig, { topic, ident }: TableTarget): LiveTable {
  const { connectors } = loaded.config;
  const [prefix, namespace = '', ...rest] = topic.split('.');
  const database =
    connectors.cassandra?.topicPrefix === prefix ? 'cassandra' : connectors.postgres?.topicPrefix === prefix ? 'postgres' : null;
  if (database === null)
    throw new LakeError('CONFIG_INVALID', `no source is known for topic ${topic}`, {
      context: { expected: 'a topic of one of the connectors in foz.yaml', found: topic },
    });
  return live(openSource(loaded, database, samplePageRows), database, { namespace, table: rest.join('.') }, ident.name);
}

/** What a contract's table stands for: by its physical name, in the database that its types speak of. */
export function liveTableOf(loaded: LoadedConfig, table: ContractTable): LiveTable {
  const target = tableTargets(loaded.config).find(({ ident }) => ident.name === table.name);
  if (target && (table.physicalName === null || target.topic.endsWith(`.${table.physicalName}`))) return liveTarget(loaded, target);
  const dot = table.physicalName?.indexOf('.') ?? -1;
  if (table.physicalName === null || dot < 0)
    throw new LakeError('CONFIG_INVALID', `nothing says which source table ${table.name} stands for`, {
      context: { expected: 'physicalName: schema.table in the contract, or --at URL', found: table.physicalName ?? 'no physicalName' },
    });
  const database = databaseOfBody(table.body);
  const name = { namespace: table.physicalName.slice(0, dot), table: table.physicalName.slice(dot + 1) };
  return live(openSource(loaded, database, samplePageRows), database, name, table.name);
}

function live(source: Source, database: LiveTable['database'], name: SourceTableName, tableName: string): LiveTable {
  return { source, database, name, tableName, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
}

/** CONFIG_INVALID where there is no such table. */
export async function introspected({ source, name }: LiveTable, signal: AbortSignal): Promise<SourceTable> {
  const table = await source.introspect(name, signal);
  if (table) return table;
  throw new LakeError('CONFIG_INVALID', `there is no table ${name.namespace}.${name.table} in the source`, {
    context: { expected: 'a table that the role may see', found: 'no such table' },
  });
}
