// Whether the table's columns are those of the contract in force: what `foz contract plan` would change, without what no
// query can tell (comments, order).

import type { ContractInForce } from '../../catalog/contracts.ts';
import { columnsProperty } from '../../contracts/evolution/columns-property.ts';
import { planEvolution } from '../../contracts/evolution/plan.ts';
import type { EvolutionStep } from '../../contracts/evolution/steps.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Finding } from '../measurer.ts';

const shownMax = 5;

export function schemaDifferences(metadata: TableMetadata, inForce: ContractInForce | null): Finding {
  if (inForce === null) return { kind: 'skipped', reason: 'no contract is in force for this table: foz contract register FILE --activate' };
  const { contract, table } = inForce;
  const { steps } = planEvolution({
    schema: currentSchema(metadata),
    lastColumnId: metadata['last-column-id'],
    columns: metadata.properties[columnsProperty],
    contract,
    table,
    decisions: new Map(),
  });
  const differences = steps.filter(({ kind }) => kind !== 'document' && kind !== 'reorder');
  const shown = differences.slice(0, shownMax).map(differenceText);
  const rest = differences.length > shownMax ? `; and ${differences.length - shownMax} more` : '';
  return {
    kind: 'measured',
    measured: { value: differences.length, text: null, total: null, exactness: 'exact', by: 'metadata' },
    failing: null,
    keys: [],
    reason:
      differences.length === 0
        ? `the columns are those of ${contract.id} ${contract.version}`
        : `${contract.id} ${contract.version} asks for other columns: ${shown.join('; ')}${rest} (foz contract plan ${contract.id})`,
  };
}

function differenceText({ kind, column, detail }: EvolutionStep): string {
  return `${kind} ${column}${detail === '' ? '' : ` (${detail})`}`;
}
