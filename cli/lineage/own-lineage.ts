// Foz's own part of the lineage: source table → topic → raw table → current rows, under the names that OpenLineage gives them.
// Spec: https://openlineage.io/docs/spec/naming

import type { LineageName } from '../../catalog/store/lineage-store.ts';
import { ownJobNamespace } from '../../catalog/lineage/consumers.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { Config } from '../config.ts';
import { urlOf } from '../settings.ts';
import type { EventDataset, JobDescription } from './job-event.ts';

/** `location`: of the raw table in the store; null while there is none. */
export function ownLineage(config: Config, { topic, ident }: TableTarget, location: string | null): readonly JobDescription[] {
  const rawName = [...ident.namespace, ident.name].join('.');
  const log = topicDataset(config, topic);
  const raw = rawDataset(config, rawName, location);
  const current = lakeDataset(config, `current.${ident.name}`);
  const source = sourceDataset(config, topic);
  return [
    ...(source === null ? [] : [job(`capture ${topic}`, [source], [log])]),
    job(`sync ${rawName}`, [log], [raw]),
    job(`current ${ident.name}`, [raw], [current]),
  ];
}

function job(name: string, inputs: readonly EventDataset[], outputs: readonly EventDataset[]): JobDescription {
  return { namespace: ownJobNamespace, name, type: 'JOB', owner: null, inputs, outputs };
}

/** A table as the catalog names it; Spark names it so in its symlinks. */
export function lakeDataset({ catalog }: Pick<Config, 'catalog'>, name: string): LineageName {
  return { namespace: (catalog.kind === 'rest' ? catalog.url : urlOf(catalog.listen)).replace(/\/+$/, ''), name };
}

function rawDataset(config: Config, name: string, location: string | null): EventDataset {
  const named = lakeDataset(config, name);
  return location === null ? named : { ...storedDataset(location), symlink: named };
}

function storedDataset(location: string): LineageName {
  const [, scheme = 'file', authority = '', path = location] = /^([a-z0-9]+):\/\/([^/]*)\/(.*)$/.exec(location) ?? [];
  return scheme === 'file' ? { namespace: 'file', name: path } : { namespace: `${scheme}://${authority}`, name: path };
}

function topicDataset({ kafka }: Config, topic: string): LineageName {
  return { namespace: `kafka://${kafka.brokers[0] ?? 'localhost:9092'}`, name: topic };
}

/** Topics are `prefix.schema.table` and `prefix.keyspace.table`. Null where no source of foz.yaml writes it. */
function sourceDataset({ connectors, sources }: Config, topic: string): LineageName | null {
  const [prefix, ...rest] = topic.split('.');
  const table = rest.join('.');
  if (sources.postgres && connectors.postgres?.topicPrefix === prefix) {
    const { host, port, database } = sources.postgres;
    return { namespace: `postgres://${host}:${port}`, name: `${database}.${table}` };
  }
  if (sources.cassandra && connectors.cassandra?.topicPrefix === prefix) {
    const [node = 'localhost'] = sources.cassandra.contactPoints;
    return { namespace: `cassandra://${/:\d+$/.test(node) ? node : `${node}:9042`}`, name: table };
  }
  return null;
}
