// How much lineage is taken and told. Each is reported when it is reached.

export const lineageLimits = {
  /** Of one request. */
  bodyBytes: 4 * 1024 * 1024,
  events: 500,
  /** Of one event, read and written together. */
  datasets: 1000,
  /** Of a namespace or a name. */
  nameLength: 2000,
  /** Of one output: input columns named in its column lineage. Beyond it the columns count as unknown. */
  columnSources: 5000,
  columnMapCharacters: 256 * 1024,
  owners: 20,
  descriptionLength: 1000,
  /** Datasets, jobs and edges kept. */
  rows: 50_000,
  characters: 64 * 1024 * 1024,
  /** How long an edge counts after the last run that showed it. */
  keepMs: 90 * 24 * 3600 * 1000,
  /** How far an event may lie ahead of this machine's clock. */
  aheadMs: 24 * 3600 * 1000,
  /** Of one answer. */
  depth: 20,
  told: 1000,
} as const;
