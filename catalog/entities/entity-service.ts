// Entities of the lake: each table belongs to one, whether or not anybody has said anything of it. What was declared is kept,
// what contracts say is looked up, so that neither can go stale in the other.

import type { Clock } from '../../runtime/clock.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { RegisteredDocuments } from '../registry/registered-documents.ts';
import { ok, refused, type Answer, type Page, type Paged, type Refusal } from '../service/answer.ts';
import type { RequestContext } from '../service/request-context.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import { everyRelation } from '../store/every-relation.ts';
import type { AuditEntry } from '../store/change-record.ts';
import type { StoredEntity } from '../store/entity-store.ts';
import { columnFacts, tableOf, type ColumnFacts } from './column-facts.ts';
import { declarationProblem, declared, type Declaration } from './declare-entity.ts';
import { contractOf, everyContract } from './entity-contracts.ts';
import { entityLimits, entityNamePattern } from './entity-limits.ts';
import { declaredTables, entityNameOf, groupTables, isOfLake, type EntityTable, type Relation } from './entity-tables.ts';
import { entityView, type EntityView } from './entity-view.ts';

/** What a table is, beyond its metadata. */
export interface TableEntity {
  readonly entity: EntityView;
  /** Of the row that the table holds: `email`, whatever struct it is in. */
  readonly columns: readonly ColumnFacts[];
  /** Columns of the row's key, as the contract says; empty where it does not. */
  readonly key: readonly string[];
}

export interface EntityService {
  /** By name; those with nothing but a name among them. */
  list(page: Page): Promise<Answer<Paged<EntityView>>>;
  get(name: string): Promise<Answer<EntityView>>;
  /** Declares what is named, leaves the rest. `expectedRevision`: refused when it has another by then. */
  declare(name: string, said: Declaration, expectedRevision: number | null, context: RequestContext): Promise<Answer<EntityView>>;
  /** Takes back all that was declared; tables and contracts are untouched. */
  remove(name: string, context: RequestContext): Promise<Answer<null>>;
  /** In the order of the tables. */
  ofTables(idents: readonly TableIdent[]): Promise<readonly TableEntity[]>;
  /** All of them, by name. */
  all(): Promise<readonly EntityView[]>;
}

export interface EntityServiceOptions {
  readonly store: Pick<CatalogStore, 'entities' | 'contracts' | 'allRelations'>;
  readonly documents: RegisteredDocuments;
  readonly clock: Clock;
}

const pageRows = 1000;

export function entityService(options: EntityServiceOptions): EntityService {
  const { store } = options;
  const names = async () => groupTables(await allRelations(options), await allDeclared(options));
  const view = async (name: string, tables: readonly EntityTable[]): Promise<EntityView> =>
    entityView({ name, tables, declared: await store.entities.getEntity(name), ...(await contractOf(options, name)) });
  const views = async (groups: Iterable<readonly [string, readonly EntityTable[]]>): Promise<readonly EntityView[]> => {
    const byName = new Map((await allDeclared(options)).map((entity) => [entity.name, entity]));
    const contractOfAll = await everyContract(options);
    const items: EntityView[] = [];
    for (const [name, tables] of groups)
      items.push(entityView({ name, tables, declared: byName.get(name) ?? null, ...(await contractOfAll(name)) }));
    return items;
  };
  return {
    all: async () => views(await names()),
    async list({ token, size }) {
      const groups = [...(await names())].filter(([name]) => token === null || name > token).slice(0, size + 1);
      const items = await views(groups.slice(0, size));
      return ok({ items, nextToken: groups.length > size ? (items.at(-1)?.name ?? null) : null });
    },
    async get(name) {
      const tables = (await names()).get(name);
      return tables ? ok(await view(name, tables)) : entityMissing(name);
    },
    async declare(name, said, expectedRevision, context) {
      if (!entityNamePattern.test(name))
        return refused(
          'invalid',
          `an entity cannot be called ${JSON.stringify(name.slice(0, 140))}: letters, digits, "_", "-" and "." are names`,
        );
      const outcome = await changed(options, name, expectedRevision, context, (before) => {
        const after = declared(name, before, said, options.clock.now(), context.actor);
        const problem = declarationProblem(after);
        return problem === null ? after : refused('invalid', problem);
      });
      return outcome.kind === 'refused' ? outcome : ok(await view(name, (await names()).get(name) ?? []));
    },
    async remove(name, context) {
      if (!(await store.entities.getEntity(name))) return entityMissing(name);
      return changed(options, name, null, context, () => null);
    },
    ofTables: (idents) => tablesOf(options, idents),
  };
}

async function tablesOf(options: EntityServiceOptions, idents: readonly TableIdent[]): Promise<readonly TableEntity[]> {
  const entities = await allDeclared(options);
  const [byTable, byName] = [declaredTables(entities), new Map(entities.map((entity) => [entity.name, entity]))];
  const contractOfAny = idents.length > 1 ? await everyContract(options) : (table: string) => contractOf(options, table);
  const found: TableEntity[] = [];
  for (const ident of idents) {
    const name = entityNameOf(ident, byTable);
    const own = byName.get(name) ?? null;
    // A table that was given to another entity keeps the contract of its name.
    const table = isOfLake(ident) ? ident.name : name;
    const { stored, contract } = await contractOfAny(table);
    const said = tableOf(contract, table);
    const tables = [{ name: identText(ident), kind: 'table' as const }];
    found.push({
      entity: entityView({ name, tables, declared: own, stored, contract }),
      columns: columnFacts(said, own),
      key: said?.columns.filter(({ keyPosition }) => keyPosition !== null).map(({ name: column }) => column) ?? [],
    });
  }
  return found;
}

type Decide = (before: StoredEntity | null) => StoredEntity | null | Refusal;

/** Reads, decides, and applies to what was read; again when it was changed meanwhile. */
async function changed(
  { store: { entities }, clock }: EntityServiceOptions,
  name: string,
  expectedRevision: number | null,
  context: RequestContext,
  decide: Decide,
): Promise<Answer<null>> {
  for (let attempt = 1; attempt <= entityLimits.attempts; attempt++) {
    const before = await entities.getEntity(name);
    const revision = before?.revision ?? 0;
    if (expectedRevision !== null && expectedRevision !== revision)
      return refused('conflict', `Entity ${name} has revision ${revision} by now, not ${expectedRevision}: look at it and decide again`, {
        revision,
      });
    const after = decide(before);
    if (after !== null && 'reason' in after) return after;
    const outcome = await entities.changeEntity(
      { name, expectedRevision: revision, entity: after },
      { audit: [entryOf(name, before, after, clock.now(), context)], reply: null },
    );
    if (outcome.kind === 'table-taken')
      return refused('entity-table', `Table ${outcome.table} belongs to the entity ${outcome.entity}: one table, one entity`, outcome);
    if (outcome.kind === 'changed') return ok(null);
  }
  return refused('conflict', `Entity ${name} kept changing; tried ${entityLimits.attempts} times`);
}

function entryOf(
  subject: string,
  before: StoredEntity | null,
  after: StoredEntity | null,
  at: number,
  { actor }: RequestContext,
): AuditEntry {
  const action = after === null ? 'entity.remove' : 'entity.update';
  return { at, actor, action, subject, before: before && facts(before), after: after && facts(after) };
}

/** Without what the entry itself says. */
function facts({ description, owner, team, tags, tables, columns }: StoredEntity) {
  return { description, owner, team, tags, tables, columns };
}

async function allDeclared({ store: { entities } }: EntityServiceOptions): Promise<readonly StoredEntity[]> {
  const all: StoredEntity[] = [];
  for (let after: string | null = null; all.length < entityLimits.relations;) {
    const page: readonly StoredEntity[] = await entities.listEntities({ after, limit: pageRows });
    all.push(...page);
    after = page.at(-1)?.name ?? null;
    if (page.length < pageRows) break;
  }
  return all;
}

async function allRelations({ store }: EntityServiceOptions): Promise<readonly Relation[]> {
  const all: Relation[] = [];
  for await (const relation of everyRelation(store)) {
    if (all.length >= entityLimits.relations) break;
    all.push(relation);
  }
  return all;
}

function entityMissing(name: string): Refusal {
  return refused('entity-missing', `Entity does not exist: ${name}`);
}
