// The demo's three questions asked of a real Trino over the same catalog and files. `current.rides` is the one SQL
// definition in Trino's dialect, written into the statement, until the catalog keeps views.

import type { Progress } from '../../runtime/progress.ts';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import type { LocalStack } from '../local-stack.ts';
import { currentText } from '../../query/current-text.ts';
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
  for (const { title, sql } of trinoStatements(rides)) {
    step.update(title);
    answers.push({ title, sql, ...(await askTrino(url, sql, signal)) });
  }
  step.done(url);
  return answers;
}

function trinoStatements(rides: string): readonly { readonly title: string; readonly sql: string }[] {
  const current = `WITH rides AS (${rides})`;
  const day = `date_add('day', CAST(day AS INTEGER), DATE '1970-01-01')`;
  return [
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
}

/** One statement through Trino's client protocol: POST, then follow nextUri until it is gone. */
export async function askTrino(
  url: string,
  sql: string,
  signal?: AbortSignal,
): Promise<{ readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] }> {
  let columns: readonly string[] = [];
  const rows: unknown[][] = [];
  let response = await fetch(`${url}/v1/statement`, {
    method: 'POST',
    body: sql,
    headers: { 'x-trino-user': 'foz' },
    ...(signal ? { signal } : {}),
  });
  for (;;) {
    const page: unknown = await response.json();
    if (!isRecord(page)) throw new LakeError('COMPONENT_FAILED', `Trino answered ${response.status} without a result page`);
    if (isRecord(page['error']))
      throw new LakeError('COMPONENT_FAILED', `Trino refused the statement: ${String(page['error']['message'])}`, {
        context: { sql: sql.slice(0, 200) },
      });
    if (Array.isArray(page['columns']))
      columns = page['columns'].map((column: unknown) => (isRecord(column) ? String(column['name']) : ''));
    if (Array.isArray(page['data'])) rows.push(...page['data'].filter(Array.isArray));
    if (typeof page['nextUri'] !== 'string') return { columns, rows };
    response = await fetch(page['nextUri'], signal ? { signal } : {});
  }
}
