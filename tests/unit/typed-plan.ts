// A table as a contract makes it: `before` and `after` with the columns' types before any record came.

import { evolveSchema, type WantedField, type WantedStruct, type WantedType } from '../../lake/iceberg/evolve.ts';
import type { DecodePlan } from '../../sync/decode/decoder.ts';
import { emptyPlan } from './decode-fixture.ts';

export type Columns = Readonly<Record<string, WantedType>>;

/** `cells`: as Cassandra's events have them. */
export function typedPlan(columns: Columns, cells = false): DecodePlan {
  const plan = emptyPlan();
  const fields = Object.entries(columns).map(([name, type]): WantedField => ({ name, type: cells ? cellOf(type) : type }));
  const row: WantedStruct = { type: 'struct', fields };
  const wanted: WantedStruct = {
    type: 'struct',
    fields: cells
      ? [{ name: 'after', type: row }]
      : [
          { name: 'before', type: row },
          { name: 'after', type: row },
        ],
  };
  const { schema, lastColumnId } = evolveSchema(plan.schema, wanted, plan.lastColumnId);
  return { ...plan, schema, lastColumnId };
}

function cellOf(type: WantedType): WantedType {
  return {
    type: 'struct',
    fields: [
      { name: 'value', type },
      { name: 'deletion_ts', type: 'long' },
      { name: 'set', type: 'boolean' },
    ],
  };
}
