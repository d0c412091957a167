// How much is taken and told of entities. Each is reported when it is reached.

export const entityLimits = {
  textLength: 2000,
  wordLength: 128,
  tags: 50,
  tables: 100,
  /** Of one entity, whose description, classification or tags are declared. */
  columns: 1000,
  /** Tries of one change against an entity that keeps changing. */
  attempts: 8,
  /** Relations looked at for a list of entities or tables. */
  relations: 100_000,
} as const;

/** Entities of tables outside the lake's own namespaces have the table's whole name. */
export const entityNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$/;
/** `gdpr`, `pii.email`, `tier:1`. */
export const tagPattern = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;
