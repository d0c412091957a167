// The demo's three questions asked of a real Trino over the same catalog and files. `current.rides` is the one SQL
// definition in Trino's dialect, written into the statement, until the catalog keeps views.

import type { Progress } from '../../runtime/progress.ts';
import type { LocalStack } from '../local-stack.ts';
import { currentText } from '../../query/current-text.ts';
import { askTrino } from '../../query/trino-client.ts';
import type { DemoAnswer } from './queries.ts';
import type { Readers } from './progress-of-tables.ts';

const catalogName = 'foz';

export async function trinoAnswers(
  local: LocalStack,
  readers: Pick<Readers, 'catalog' | 'store'>,
  catalogUri: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly DemoAnswer[]> {
  const step = progress.start('trino');
  const { url } = await local.stack.startTrino(
    { catalogName, catalogUri, warehouse: readers.store.root, s3: local.stack.endpoint('s3') },
    signal,
  );
  const rides = await currentText(readers.catalog, { namespace: ['raw'], name: 'rides' }, 'trino', `${catalogName}.raw.rides`);
  const answers: DemoAnswer[] = [];
  for (const { title, sql } of trinoStatements) {
    step.update(title);
    const statement = sql.replace(ridesView, () => rides);
    const { columns, rows } = await askTrino({ url, user: 'foz' }, statement, signal);
    // As a person would read it: the view is some hundred lines, and the same for all.
    answers.push({ title, sql, columns, rows });
  }
  step.done(url);
  return answers;
}

const ridesView = '<foz table current rides --sql trino>';
const current = `WITH rides AS (${ridesView})`;
const day = `date_add('day', CAST(day AS INTEGER), DATE '1970-01-01')`;

const trinoStatements: readonly { readonly title: string; readonly sql: string }[] = [
  {
    title: 'Rides per city and day',
    sql: `${current} SELECT city, ${day} AS day, count(*) AS rides FROM rides GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 8`,
  },
  {
    title: 'Total fare per month',
    sql: `${current} SELECT date_format(${day}, '%Y-%m') AS month, sum(CAST(fare AS DECIMAL(12,2))) AS total FROM rides GROUP BY 1 ORDER BY 1`,
  },
  {
    title: 'The history of one user',
    sql: `SELECT _log_offset, op, changed_at, "after".full_name, "after".balance, "after".status FROM ${catalogName}.raw.users
          WHERE "after".id = (SELECT u."after".id FROM ${catalogName}.raw.users u WHERE u.op = 'u' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1) ORDER BY _log_offset LIMIT 12`,
  },
];
