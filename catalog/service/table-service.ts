// Tables of the catalog, step by step in files of their own: create-table.ts, commit-tables.ts, register-table.ts,
// drop-table.ts. What changes one table waits in line here: the swap alone keeps commits right, the line spares the losers of
// a race from writing metadata files that nobody will point to.

import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { identText, type TableIdent } from '../catalog.ts';
import { namespaceKey } from '../store/catalog-store.ts';
import { refused, type Answer, type Page, type Paged } from './answer.ts';
import { commitTable, commitTables, type IdentifiedCommit } from './commit-tables.ts';
import { createTable, stageTable, type CreateRequest } from './create-table.ts';
import { dropTable, unregisterTable } from './drop-table.ts';
import { keyedQueue } from './keyed-queue.ts';
import type { MetadataFile } from './metadata-files.ts';
import { registerTable, type RegisterRequest } from './register-table.ts';
import { relations } from './relations.ts';
import { doneReply, recordOf, type RequestContext } from './request-context.ts';
import type { TableParts, TableServiceOptions } from './table-parts.ts';

export interface TableService {
  list(namespace: readonly string[], page: Page): Promise<Answer<Paged<TableIdent>>>;
  exists(ident: TableIdent): Promise<Answer<null>>;
  load(ident: TableIdent): Promise<Answer<MetadataFile>>;
  /** What a change once answered: the file that it wrote, or what is current where that file is gone by now. */
  answered(ident: TableIdent, metadataLocation: string): Promise<Answer<MetadataFile>>;
  /** The metadata a create would have; nothing is stored. */
  stage(namespace: readonly string[], request: CreateRequest): Promise<Answer<TableMetadata>>;
  create(namespace: readonly string[], request: CreateRequest, context: RequestContext): Promise<Answer<MetadataFile>>;
  register(namespace: readonly string[], request: RegisterRequest, context: RequestContext): Promise<Answer<MetadataFile>>;
  commit(commit: IdentifiedCommit, context: RequestContext): Promise<Answer<MetadataFile>>;
  /** All or nothing. */
  commitAll(commits: readonly IdentifiedCommit[], context: RequestContext): Promise<Answer<null>>;
  rename(from: TableIdent, to: TableIdent, context: RequestContext): Promise<Answer<null>>;
  drop(ident: TableIdent, options: { readonly purge: boolean }, context: RequestContext): Promise<Answer<null>>;
  /** Forgets the table and answers the metadata it had last; its files stay. */
  unregister(ident: TableIdent, context: RequestContext): Promise<Answer<MetadataFile>>;
}

/** Each of them is a metadata file to write before anything becomes visible. */
const transactionTablesMax = 1000;

export function tableService(options: TableServiceOptions): TableService {
  const { store, files, clock } = options;
  const tables = relations({ kind: 'table', store, files, placement: options.placement });
  const parts: TableParts = { ...options, tables };
  const queue = keyedQueue();
  const inLine = <T>(ident: TableIdent, work: () => Promise<T>): Promise<T> => queue.run(keyOf(ident), work);
  return {
    list: tables.list,
    exists: tables.exists,
    answered: tables.answered,
    load: tables.load,
    stage: (namespace, request) => stageTable(parts, namespace, request),
    create: (namespace, request, context) =>
      inLine({ namespace, name: request.name }, () => createTable(parts, namespace, request, context)),
    register: (namespace, request, context) =>
      inLine({ namespace, name: request.name }, () => registerTable(parts, namespace, request, context)),
    commit: (commit, context) => inLine(commit.ident, () => commitTable(parts, commit, context)),
    async commitAll(commits, context) {
      const byKey = new Map(commits.map((commit) => [keyOf(commit.ident), commit]));
      if (commits.length > transactionTablesMax) return refused('invalid', `a transaction may change ${transactionTablesMax} tables`);
      if (byKey.size < commits.length) return refused('invalid', 'a transaction may change each table once');
      // In one order for all, so that two transactions never wait for each other.
      const lines = [...byKey.keys()].toSorted();
      const whole = lines.reduceRight<() => Promise<Answer<null>>>(
        (work, key) => () => queue.run(key, work),
        () => commitTables(parts, commits, context),
      );
      return whole();
    },
    rename: (from, to, context) =>
      inLine(from, () => {
        const entry = { at: clock.now(), actor: context.actor, action: 'table.rename', subject: identText(from) } as const;
        const told = { ...entry, before: { name: identText(from) }, after: { name: identText(to) } };
        return tables.rename(from, to, recordOf(context, [told], doneReply));
      }),
    drop: (ident, { purge }, context) => inLine(ident, () => dropTable(parts, ident, purge, context)),
    unregister: (ident, context) => inLine(ident, () => unregisterTable(parts, ident, context)),
  };
}

function keyOf({ namespace, name }: TableIdent): string {
  return `${namespaceKey(namespace)}/${name}`;
}
