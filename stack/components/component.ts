// What the stack knows of a component: which ports it needs, how its configuration is written, how it is run, and how
// one asks it, in its own protocol, whether it is ready. One component = one file beside this one.

import type { JavaHome } from '../setup/java.ts';
import type { DownloadOptions, StackJars } from '../setup/downloads.ts';
import type { ProcessSpec } from '../process/protocol.ts';
import type { StackLayout, StackSecrets } from '../state.ts';
import type { StackSettings } from '../settings.ts';
import type { TrinoOptions } from './trino.ts';

export const componentNames = ['kafka', 'connect', 'postgres', 'cassandra', 'cassandra-cdc', 's3', 'trino'] as const;
export type ComponentName = (typeof componentNames)[number];

export function isComponentName(value: unknown): value is ComponentName {
  return componentNames.some((name) => name === value);
}

export interface StackEndpoints {
  readonly kafka: { readonly bootstrap: string };
  readonly connect: { readonly url: string };
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly adminUser: string;
    readonly adminPassword: string;
    /** May log in and replicate; rights on tables are for the one who makes them. */
    readonly cdcUser: string;
    readonly cdcPassword: string;
  };
  readonly cassandra: {
    readonly contactPoint: string;
    readonly port: number;
    readonly localDataCenter: string;
    readonly clusterName: string;
    /** The node's own configuration file. */
    readonly configFile: string;
  };
  readonly 'cassandra-cdc': { readonly healthUrl: string; readonly topicPrefix: string };
  readonly s3: {
    readonly endpoint: string;
    readonly region: string;
    readonly bucket: string;
    readonly accessKey: string;
    readonly secretKey: string;
  };
  readonly trino: { readonly url: string; readonly user: string };
}

export type ComponentPorts = Readonly<Record<string, number>>;

export interface ComponentContext {
  readonly layout: StackLayout;
  /** Downloads them when they are not there. */
  readonly jars: () => Promise<StackJars>;
  readonly java: () => Promise<JavaHome>;
  readonly download: DownloadOptions;
  /** Set when Trino is started: what it reads from. */
  readonly trino: TrinoOptions | null;
  readonly secrets: StackSecrets;
  readonly settings: StackSettings;
  /** Runs a program to its end under the guardian, so that it does not outlive us either; fails unless it ends with 0. */
  readonly runToEnd: (name: string, spec: ProcessSpec) => Promise<void>;
  /** Of the components this one needs: they are ready. */
  readonly endpoint: <N extends ComponentName>(name: N) => StackEndpoints[N];
}

export interface Component<N extends ComponentName = ComponentName> {
  readonly name: N;
  readonly needs: readonly ComponentName[];
  readonly ports: readonly string[];
  /** Longest a start may take before it counts as failed. */
  readonly readyMaxMs: number;
  endpoint(ports: ComponentPorts, context: Pick<ComponentContext, 'layout' | 'secrets' | 'settings'>): StackEndpoints[N];
  /** Writes configuration and storage where there is none yet. Idempotent: data of an earlier run is kept. */
  prepare(ports: ComponentPorts, context: ComponentContext, signal?: AbortSignal): Promise<ProcessSpec>;
  /** Rejects while the component does not answer in its own protocol. Called again and again. */
  probe(endpoint: StackEndpoints[N], signal: AbortSignal): Promise<void>;
  /** What belongs to a usable component beyond running: a bucket, a role. Once after each start; idempotent. */
  setUp?(endpoint: StackEndpoints[N], context: ComponentContext): Promise<void>;
}

/** Small heaps and a quick start matter more here than peak speed. */
export const jvmQuickStart: readonly string[] = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-XX:-UsePerfData',
  '-Djava.net.preferIPv4Stack=true',
  '-Dfile.encoding=UTF-8',
  '-Duser.timezone=UTC',
];

/** A Java properties file; keys are ours and plain, values are escaped. */
export function propertiesText(properties: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}\n`)
    .join('');
}

function escapeProperty(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replace(/^ /, '\\ ');
  return escaped.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
