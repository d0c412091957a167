// A contract's columns into its table while the worker runs: the plan (contracts/evolution/plan.ts) as one commit with an
// empty append, as new shapes are committed. A worker that was faster makes this one look and plan again; a worker that
// was slower loses its swap, loads the table again and goes on with the columns as they are now. Rows that it decoded
// before stay right: files carry field ids, and shapes follow their columns in the same commit.

import { identText, type Catalog, type LoadedTable } from '../catalog/catalog.ts';
import type { Contract, ContractTable } from '../contracts/contract.ts';
import { columnsProperty } from '../contracts/evolution/columns-property.ts';
import { planEvolution, type Decision, type EvolutionPlan } from '../contracts/evolution/plan.ts';
import { prepareAppend } from '../lake/iceberg/append.ts';
import type { TableCommit } from '../lake/iceberg/commit.ts';
import { newSnapshotId } from '../lake/iceberg/next-snapshot.ts';
import { highestFieldId } from '../lake/iceberg/schema.ts';
import { moveColumns, stoodTogether } from '../lake/raw/move-columns.ts';
import { rawSchema } from '../lake/raw/raw-schema.ts';
import { shapesProperty, shapesText } from '../lake/raw/shapes-property.ts';
import { shapesMax, type Shape } from '../lake/raw/shape.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import type { Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Random } from '../runtime/random.ts';
import { evolveCommit } from './evolve-commit.ts';
import { ensureTable, newCommitId, planOf, type TableTarget } from './table.ts';

export interface ApplyContractDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ContractToApply {
  readonly contract: Pick<Contract, 'id' | 'version'>;
  readonly table: ContractTable;
  /** By column; `*` is for every other. */
  readonly decisions: ReadonlyMap<string, Decision>;
}

export interface AppliedContract {
  /** `undecided`: nothing was written, the plan says what has to be decided. */
  readonly outcome: 'applied' | 'unchanged' | 'undecided';
  readonly plan: EvolutionPlan;
}

/** In the summary of the snapshot: `users 1.2.0`. */
export const contractSummaryKey = 'foz.contract-columns';

/** Other writers may be faster this often. */
const triesMax = 20;

/** What `applyContract` would do. A table that is not there yet is planned as it would be created. */
export async function planContract(
  target: TableTarget,
  wanted: ContractToApply,
  catalog: Catalog,
  signal?: AbortSignal,
): Promise<EvolutionPlan> {
  const loaded = await catalog.loadTable(target.ident, signal);
  if (loaded) return planFor(loaded, wanted).plan;
  return planEvolution({ ...wanted, schema: rawSchema, lastColumnId: highestFieldId(rawSchema), columns: undefined });
}

/** Creates the table where it is absent. Errors: LIMIT_EXCEEDED (shapes), CATALOG_REFUSED (others are always faster). */
export async function applyContract(
  target: TableTarget,
  wanted: ContractToApply,
  deps: ApplyContractDeps,
  signal?: AbortSignal,
): Promise<AppliedContract> {
  let reason = '';
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const table = await ensureTable(deps.catalog, target, async () => undefined, signal);
    const { plan, shapes } = planFor(table, wanted);
    if (plan.undecided > 0) return { outcome: 'undecided', plan };
    if (plan.schema === null && plan.columns === table.metadata.properties[columnsProperty]) return { outcome: 'unchanged', plan };
    const outcome = await deps.catalog.commitTable(target.ident, await request(table, wanted, plan, shapes, deps, signal), signal);
    if (outcome.kind === 'committed') return { outcome: 'applied', plan };
    reason = outcome.message;
  }
  throw new LakeError(
    'CATALOG_REFUSED',
    `${identText(target.ident)}: the contract's columns were not applied, the table moved ${triesMax} times meanwhile (${reason}). Repeat the command`,
  );
}

function planFor({ metadata }: LoadedTable, wanted: ContractToApply): { readonly plan: EvolutionPlan; readonly shapes: readonly Shape[] } {
  const { schema, lastColumnId, shapes } = planOf(metadata);
  const plan = planEvolution({
    ...wanted,
    schema,
    lastColumnId,
    columns: metadata.properties[columnsProperty],
    stoodTogether: (parent, one, other) => stoodTogether(shapes, parent, one, other),
  });
  const moved = moveColumns(shapes, plan.moves, plan.schema ?? schema);
  if (moved === null)
    throw new LakeError(
      'LIMIT_EXCEEDED',
      `a column that takes another one over needs new shapes, and the table has ${shapes.length} of ${shapesMax}`,
    );
  return { plan, shapes: moved };
}

async function request(
  { metadata }: LoadedTable,
  { contract }: ContractToApply,
  plan: EvolutionPlan,
  shapes: readonly Shape[],
  deps: ApplyContractDeps,
  signal?: AbortSignal,
): Promise<TableCommit> {
  const append = await prepareAppend(
    {
      metadata,
      store: deps.store,
      files: [],
      summary: { [contractSummaryKey]: `${contract.id} ${contract.version}` },
      snapshotId: newSnapshotId(deps.random),
      commitId: newCommitId(),
      now: deps.clock.now(),
    },
    signal,
  );
  return evolveCommit(metadata, plan.schema, { [shapesProperty]: shapesText(shapes), [columnsProperty]: plan.columns }, append.snapshot);
}
