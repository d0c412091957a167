// OpenLineage events that Foz writes itself: descriptions of jobs, which hold until the next one.
// Spec: https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent

import type { LineageName } from '../../catalog/store/lineage-store.ts';

export interface EventDataset extends LineageName {
  /** Another name of it. */
  readonly symlink?: LineageName;
  /** Of an output: columns that all of it depends on. */
  readonly dependsOn?: readonly (LineageName & { readonly field: string })[];
}

export interface JobDescription extends LineageName {
  readonly type: string;
  readonly owner: string | null;
  readonly inputs: readonly EventDataset[];
  readonly outputs: readonly EventDataset[];
}

export interface EventOrigin {
  /** ISO 8601. */
  readonly eventTime: string;
  /** Of Foz. */
  readonly version: string;
}

export function jobEvent(job: JobDescription, { eventTime, version }: EventOrigin): Readonly<Record<string, unknown>> {
  const producer = `urn:foz:${version}`;
  const facet = (url: string, members: Readonly<Record<string, unknown>>) => ({
    _producer: producer,
    _schemaURL: `https://openlineage.io/spec/facets/${url}`,
    ...members,
  });
  const { namespace, name, type, owner } = job;
  const jobType = { processingType: 'SERVICE', integration: 'FOZ', jobType: type };
  return {
    eventTime,
    producer,
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent',
    job: {
      namespace,
      name,
      facets: {
        jobType: facet('2-0-4/JobTypeJobFacet.json', jobType),
        ...(owner === null ? {} : { ownership: facet('1-0-1/OwnershipJobFacet.json', { owners: [{ name: owner }] }) }),
      },
    },
    inputs: job.inputs.map((dataset) => datasetOf(dataset, facet)),
    outputs: job.outputs.map((dataset) => datasetOf(dataset, facet)),
  };
}

type Facet = (url: string, members: Readonly<Record<string, unknown>>) => object;

function datasetOf({ namespace, name, symlink, dependsOn }: EventDataset, facet: Facet): object {
  const identifiers = symlink && [{ ...symlink, type: 'TABLE' }];
  return {
    namespace,
    name,
    facets: {
      ...(identifiers ? { symlinks: facet('1-0-1/SymlinksDatasetFacet.json', { identifiers }) } : {}),
      ...(dependsOn ? { columnLineage: facet('1-2-0/ColumnLineageDatasetFacet.json', { fields: {}, dataset: dependsOn }) } : {}),
    },
  };
}
