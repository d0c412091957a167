// What the killed schedule checks: of two tables, some at a snapshot, some each second.

import type { Check } from '../../quality/check.ts';
import { checkOf } from '../unit/quality-fixture.ts';

export const columnsMeasured = ['a', 'b', 'c', 'd', 'e', 'f'];

export const killChecks: readonly Check[] = ['users', 'rides'].flatMap((table) =>
  columnsMeasured.flatMap((column) => [
    checkOf(`still-${column}`, { table, measure: { kind: 'nulls', column }, when: { kind: 'cron', expression: '* * * * * *' } }),
    checkOf(`now-${column}`, {
      table,
      filter: 'at < now()',
      measure: { kind: 'nulls', column },
      when: { kind: 'cron', expression: '* * * * * *' },
    }),
    checkOf(`commit-${column}`, { table, measure: { kind: 'aggregate', column, of: 'min' }, when: { kind: 'commit', atMostEveryMs: 0 } }),
  ]),
);
