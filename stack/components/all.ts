// Every component by name, and in which order they are started and stopped.

import { cassandraCdcComponent } from './cassandra-cdc.ts';
import { cassandraComponent } from './cassandra.ts';
import type { Component, ComponentName } from './component.ts';
import { connectComponent } from './connect.ts';
import { kafkaComponent } from './kafka.ts';
import { postgresComponent } from './postgres.ts';
import { s3Component } from './s3.ts';
import { trinoComponent } from './trino.ts';

export const components: { readonly [N in ComponentName]: Component<N> } = {
  kafka: kafkaComponent,
  connect: connectComponent,
  postgres: postgresComponent,
  cassandra: cassandraComponent,
  'cassandra-cdc': cassandraCdcComponent,
  s3: s3Component,
  trino: trinoComponent,
};

/** Slowest first: it should not wait for a core. */
const startOrder: readonly ComponentName[] = ['cassandra', 'kafka', 'postgres', 's3', 'connect', 'cassandra-cdc', 'trino'];

/** Those that write go first, then what they write to. */
export const stopOrder: readonly (readonly ComponentName[])[] = [
  ['trino', 'connect', 'cassandra-cdc'],
  ['postgres', 'cassandra', 's3', 'kafka'],
];

/** What was asked for and all it needs, in the order of starting. */
export function withNeeds(names: readonly ComponentName[]): ComponentName[] {
  const wanted = new Set<ComponentName>(names);
  for (const name of names) for (const need of components[name].needs) wanted.add(need);
  return startOrder.filter((name) => wanted.has(name));
}
