// The rules of the moment: what the catalog's tables and views look like now, what contracts and entities say of their columns,
// and the policy. Trino asks for them every few seconds and tables get commits every few, so that only what has another
// metadata file is read again, and the rules are compiled again only when a schema, a view or what is said of a column is another.

import { columnsProperty } from '../../contracts/evolution/columns-property.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { ViewMetadata } from '../../lake/iceberg/view-metadata.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger, type Logger } from '../../runtime/log.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { EntityService } from '../entities/entity-service.ts';
import type { Answer } from '../service/answer.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import { everyRelation } from '../store/every-relation.ts';
import type { StoredRelation } from '../store/relation-store.ts';
import { tokenDigest } from '../access/token-text.ts';
import type { AccessPolicy } from './access-policy.ts';
import { trinoRules, type RulesTable, type RulesView } from './trino-rules.ts';

export interface CompiledRules {
  /** As Trino reads it. */
  readonly text: string;
  /** SHA-256 of the text, hex. */
  readonly digest: string;
  readonly notes: readonly string[];
}

export interface RulesService {
  compiled(): Promise<CompiledRules>;
  /** For Trino, whose token's name is `actor`: text it has not had yet since this process began is told to the audit log. */
  published(actor: string): Promise<CompiledRules>;
}

type Load<M> = (ident: TableIdent) => Promise<Answer<{ readonly location: string; readonly metadata: M }>>;

export interface RulesServiceOptions {
  readonly store: CatalogStore;
  readonly loadTable: Load<TableMetadata>;
  readonly loadView: Load<ViewMetadata>;
  readonly entities: EntityService;
  readonly policy: AccessPolicy;
  readonly clock: Clock;
  /** Told each new note once: what stays closed, and why. */
  readonly logger?: Logger;
}

const freshForMs = 2_000;
const relationsMax = 20_000;
const notesLoggedMax = 20;

/** Of Trino's connector: whose rights a view's text has. */
const ownerProperty = 'trino.run-as-owner';

type Read =
  | { readonly kind: 'table'; readonly metadata: TableMetadata }
  | { readonly kind: 'view'; readonly metadata: ViewMetadata }
  | null;

interface Held {
  /** Of what was read, which a commit since the listing may have moved on from what was listed. */
  readonly metadataLocation: string;
  readonly read: Read;
  /** Of what the rules depend on. */
  readonly signature: string;
}

export function rulesService(options: RulesServiceOptions): RulesService {
  const { clock, store, logger = silentLogger } = options;
  let held: ReadonlyMap<string, Held> = new Map();
  let last: { readonly at: EpochMs; readonly rules: Promise<CompiledRules> } | null = null;
  let compiledFrom: { readonly signature: string; readonly rules: CompiledRules } | null = null;
  const published = new Map<string, string>();
  const compile = async (): Promise<CompiledRules> => {
    const { relations, isAll } = await allRelations(store);
    const next = new Map<string, Held>();
    const unread: string[] = [];
    for (const relation of relations) {
      // By name: one uuid may stand under two, each with metadata of its own.
      const key = keyOf(relation);
      const before = held.get(key);
      const now = before?.metadataLocation === relation.metadataLocation ? before : await read(options, relation);
      if (now === null) unread.push(`${identText(relation.ident)}: it is gone, or its metadata cannot be read; it stays closed`);
      else next.set(key, now);
    }
    held = next;
    const found = relations.map((relation) => ({ ident: relation.ident, read: next.get(keyOf(relation))?.read ?? null }));
    const entities = await options.entities.ofTables(relations.map(({ ident }) => ident));
    const tables = found.flatMap(({ ident, read: of }, i): readonly RulesTable[] => {
      const { columns, key } = entities[i] ?? { columns: [], key: [] };
      return of?.kind === 'table' ? [{ ident, metadata: of.metadata, known: columns.length === 0 ? null : { columns, key } }] : [];
    });
    const views = found.flatMap(({ ident, read: of }) => (of?.kind === 'view' ? [viewOf(ident, of.metadata)] : []));
    const signatures = relations.map((relation) => next.get(keyOf(relation))?.signature ?? null);
    const known = tables.map((table) => table.known);
    const signature = tokenDigest(JSON.stringify([relations.map(({ ident }) => ident), signatures, known, isAll]));
    if (compiledFrom?.signature === signature) return compiledFrom.rules;
    const { rules: ofTrino, notes } = trinoRules({ tables, views, policy: options.policy });
    const text = JSON.stringify(ofTrino);
    const left = isAll ? [] : [`more than ${relationsMax} tables and views: those beyond stay closed`];
    const rules = { text, digest: tokenDigest(text), notes: [...notes, ...unread, ...left] };
    const told = new Set(compiledFrom?.rules.notes);
    warnOf(
      rules.notes.filter((note) => !told.has(note)),
      logger,
    );
    compiledFrom = { signature, rules };
    return rules;
  };
  const compiled = (): Promise<CompiledRules> => {
    const now = clock.now();
    if (last !== null && now - last.at < freshForMs) return last.rules;
    const rules = compile();
    last = { at: now, rules };
    rules.catch(() => (last = null));
    return rules;
  };
  return {
    compiled,
    async published(actor) {
      const rules = await compiled();
      const before = published.get(actor) ?? null;
      if (before !== rules.digest) {
        await store.tokens.publishedRules(actor, clock.now(), before, rules.digest);
        published.set(actor, rules.digest);
      }
      return rules;
    },
  };
}

async function allRelations(store: CatalogStore): Promise<{ readonly relations: readonly StoredRelation[]; readonly isAll: boolean }> {
  const all: StoredRelation[] = [];
  for await (const relation of everyRelation(store)) {
    if (all.length === relationsMax) return { relations: all, isAll: false };
    all.push(relation);
  }
  return { relations: all, isAll: true };
}

/** Null: there is none by now, or its file is lost or damaged; it has no rule, and is asked for again. A store that is away is thrown. */
async function read(options: RulesServiceOptions, { kind, ident }: StoredRelation): Promise<Held | null> {
  try {
    return kind === 'view' ? await readView(options, ident) : await readTable(options, ident);
  } catch (error) {
    if (error instanceof LakeError && unreadable.has(error.code)) return null;
    throw error;
  }
}

const unreadable: ReadonlySet<string> = new Set(['OBJECT_MISSING', 'OBJECT_CORRUPT', 'CATALOG_REFUSED']);

async function readView({ loadView }: RulesServiceOptions, ident: TableIdent): Promise<Held | null> {
  const found = await loadView(ident);
  if (found.kind === 'refused') return null;
  const { metadata, location } = found.value;
  const { schemas, versions, properties, 'current-version-id': current } = metadata;
  const version = versions.find((candidate) => candidate['version-id'] === current);
  const signature = signatureOf([schemas, version?.['schema-id'], properties[ownerProperty]]);
  return { metadataLocation: location, read: { kind: 'view', metadata }, signature };
}

/** Without what grows with a table's history. */
async function readTable({ loadTable }: RulesServiceOptions, ident: TableIdent): Promise<Held | null> {
  const found = await loadTable(ident);
  if (found.kind === 'refused') return null;
  const metadata: TableMetadata = { ...found.value.metadata, snapshots: [], 'snapshot-log': [], 'metadata-log': [] };
  const { schemas, properties, 'current-schema-id': current } = metadata;
  const signature = signatureOf([schemas, current, properties[columnsProperty]]);
  return { metadataLocation: found.value.location, read: { kind: 'table', metadata }, signature };
}

function keyOf({ kind, ident }: StoredRelation): string {
  return JSON.stringify([kind, ident.namespace, ident.name]);
}

function warnOf(notes: readonly string[], logger: Logger): void {
  for (const note of notes.slice(0, notesLoggedMax)) logger.warn({}, `Trino's rules: ${note}`);
  const more = notes.length - notesLoggedMax;
  if (more > 0) logger.warn({ more }, "Trino's rules: more such notes; foz catalog rules shows them");
}

function signatureOf(parts: readonly unknown[]): string {
  return tokenDigest(JSON.stringify(parts));
}

function viewOf(ident: TableIdent, metadata: ViewMetadata): RulesView {
  const { versions, schemas, 'current-version-id': current } = metadata;
  const version = versions.find((candidate) => candidate['version-id'] === current);
  const schema = schemas.find((candidate) => candidate['schema-id'] === version?.['schema-id']);
  const isRunAsOwner = metadata.properties[ownerProperty] !== undefined;
  return { ident, schema: schema ?? { type: 'struct', 'schema-id': 0, fields: [] }, isRunAsOwner };
}
