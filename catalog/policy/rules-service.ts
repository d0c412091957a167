// The rules of the moment: what the catalog's tables and views look like now, what contracts and entities say of their columns,
// and the policy. Trino asks for them every few seconds and tables get commits every few, so that only what has another
// metadata file is read again, and the rules are compiled again only when a schema, a view or what is said of a column is another.

import { columnsProperty } from '../../contracts/evolution/columns-property.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { ViewMetadata } from '../../lake/iceberg/view-metadata.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import type { TableIdent } from '../catalog.ts';
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

type Load<M> = (ident: TableIdent) => Promise<Answer<{ readonly metadata: M }>>;

export interface RulesServiceOptions {
  readonly store: CatalogStore;
  readonly loadTable: Load<TableMetadata>;
  readonly loadView: Load<ViewMetadata>;
  readonly entities: EntityService;
  readonly policy: AccessPolicy;
  readonly clock: Clock;
}

const freshForMs = 2_000;
const relationsMax = 20_000;

/** Of Trino's connector: whose rights a view's text has. */
const ownerProperty = 'trino.run-as-owner';

type Read =
  | { readonly kind: 'table'; readonly metadata: TableMetadata }
  | { readonly kind: 'view'; readonly metadata: ViewMetadata }
  | null;

interface Held {
  readonly metadataLocation: string;
  readonly read: Read;
  /** Of what the rules depend on. */
  readonly signature: string;
}

export function rulesService(options: RulesServiceOptions): RulesService {
  const { clock, store } = options;
  let held: ReadonlyMap<string, Held> = new Map();
  let last: { readonly at: EpochMs; readonly rules: Promise<CompiledRules> } | null = null;
  let compiledFrom: { readonly signature: string; readonly rules: CompiledRules } | null = null;
  const published = new Map<string, string>();
  const compile = async (): Promise<CompiledRules> => {
    const { relations, isAll } = await allRelations(store);
    const next = new Map<string, Held>();
    for (const relation of relations) {
      const before = held.get(relation.uuid);
      next.set(relation.uuid, before?.metadataLocation === relation.metadataLocation ? before : await read(options, relation));
    }
    held = next;
    const found = relations.map(({ ident, uuid }) => ({ ident, read: next.get(uuid)?.read ?? null }));
    const entities = await options.entities.ofTables(relations.map(({ ident }) => ident));
    const tables = found.flatMap(({ ident, read: of }, i): readonly RulesTable[] => {
      const { columns, key } = entities[i] ?? { columns: [], key: [] };
      return of?.kind === 'table' ? [{ ident, metadata: of.metadata, known: columns.length === 0 ? null : { columns, key } }] : [];
    });
    const views = found.flatMap(({ ident, read: of }) => (of?.kind === 'view' ? [viewOf(ident, of.metadata)] : []));
    const signatures = relations.map(({ uuid }) => next.get(uuid)?.signature);
    const known = tables.map((table) => table.known);
    const signature = tokenDigest(JSON.stringify([relations.map(({ ident }) => ident), signatures, known, isAll]));
    if (compiledFrom?.signature === signature) return compiledFrom.rules;
    const { rules, notes } = trinoRules({ tables, views, policy: options.policy });
    const text = JSON.stringify(rules);
    const left = isAll ? [] : [`more than ${relationsMax} tables and views: those beyond stay closed`];
    compiledFrom = { signature, rules: { text, digest: tokenDigest(text), notes: [...notes, ...left] } };
    return compiledFrom.rules;
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

/** Without what grows with a table's history. One that cannot be read has no rule, and stays closed. */
async function read({ loadTable, loadView }: RulesServiceOptions, { kind, ident, metadataLocation }: StoredRelation): Promise<Held> {
  if (kind === 'view') {
    const found = await loadView(ident);
    if (found.kind === 'refused') return { metadataLocation, read: null, signature: '' };
    const { metadata } = found.value;
    const { schemas, versions, properties, 'current-version-id': current } = metadata;
    const version = versions.find((candidate) => candidate['version-id'] === current);
    const signature = signatureOf([schemas, version?.['schema-id'], properties[ownerProperty]]);
    return { metadataLocation, read: { kind, metadata }, signature };
  }
  const found = await loadTable(ident);
  if (found.kind === 'refused') return { metadataLocation, read: null, signature: '' };
  const metadata: TableMetadata = { ...found.value.metadata, snapshots: [], 'snapshot-log': [], 'metadata-log': [] };
  const { schemas, properties, 'current-schema-id': current } = metadata;
  return { metadataLocation, read: { kind, metadata }, signature: signatureOf([schemas, current, properties[columnsProperty]]) };
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
