// Servers of the standard: which keys each type needs, and which it may have.

import { isJsonObject } from '../json-schema.ts';
import type { Shape } from './shape.ts';

// type: needed keys | keys it may have
const servers = `
api: location
athena: schema | stagingDir catalog regionName workgroup
azure: location format | encoding delimiter
bigquery: project dataset
btrieve: host database | port
clickhouse: host port database
databricks: catalog schema | host
denodo: host port | database
dremio: host port | schema
duckdb: database | schema
exasol: host | port schema
fastobjects: database | host port
glue: account database | location format encoding
cloudsql: host port database schema
db2: host port database | schema
hive: host database | port
iceberg: catalog catalogUrl | namespace warehouse
impala: host database | port
informix: host database | port
ingres: database host | port
kafka: host | format encoding
kinesis: | stream region format encoding
local: path format | encoding
mysql: host port database
oracle: host port serviceName
poet: database | host port
hana: host | port database schema
postgresql: host port database schema
postgres: host port database schema
presto: host | catalog schema
pubsub: project
redshift: database schema | host region account
s3: location | endpointUrl format encoding delimiter
sftp: location | format encoding delimiter
snowflake: account database schema | host port warehouse
sqlserver: host database schema | port
synapse: host port database
teradata: host | port database
trino: host port catalog schema
vectorwise: database host | port
versant: database | host port
vertica: host port database schema
zen: host database | port
custom: | account catalog database dataset delimiter endpointUrl format encoding host location path port project region regionName schema serviceName stagingDir stream warehouse
`;

const text: Shape = { kind: 'text' };
/** Spec: RFC 3986, the characters. */
const uri: Shape = { kind: 'text', pattern: /^[A-Za-z][A-Za-z0-9+.-]*:[^\s{}<>"\\^`|]+$/, example: 's3://bucket/path/' };
const uris: ReadonlySet<string> = new Set(['location', 'endpointUrl', 'catalogUrl']);
const port: Shape = { kind: 'either', of: [{ kind: 'integer' }, text] };

export interface ServerKeys {
  readonly needed: readonly string[];
  readonly allowed: readonly string[];
}

const keysByType: ReadonlyMap<string, ServerKeys> = new Map(
  servers
    .trim()
    .split('\n')
    .map((line) => {
      const [type = '', rest = ''] = line.split(':');
      const [needed = '', allowed = ''] = rest.split('|');
      return [type, { needed: words(needed), allowed: words(allowed) }];
    }),
);

function words(line: string): readonly string[] {
  return line.split(' ').filter((word) => word !== '');
}

/** Null for a type the standard does not have. */
export function serverTypeKeys(type: string): ServerKeys | null {
  return keysByType.get(type) ?? null;
}

export function odcsServer(role: Shape, customProperties: Shape): Shape {
  const common: Readonly<Record<string, Shape>> = {
    id: { kind: 'text', pattern: /^[A-Za-z0-9_-]+$/, example: 'my-server' },
    server: text,
    type: { kind: 'text', values: [...keysByType.keys()] },
    description: text,
    environment: text,
    roles: { kind: 'list', of: role },
    customProperties,
  };
  return {
    kind: 'chosen',
    choose: (value) => {
      const type = isJsonObject(value) ? value['type'] : undefined;
      const own = typeof type === 'string' ? keysByType.get(type) : undefined;
      // What an unknown type has cannot be judged: its type is the finding.
      if (own === undefined) return { kind: 'object', keys: common, required: ['server', 'type'], isOpen: true };
      const names = [...own.needed, ...own.allowed];
      const keys = Object.fromEntries(names.map((name) => [name, name === 'port' ? port : uris.has(name) ? uri : text]));
      return { kind: 'object', keys: { ...common, ...keys }, required: ['server', 'type', ...own.needed] };
    },
  };
}
