// Three questions an analyst asks, answered from the lake; trino.ts asks the same in Trino's dialect.

import type { LakeQuery } from '../../query/lake-query.ts';

export interface DemoAnswer {
  readonly title: string;
  readonly sql: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const demoStatements: readonly { readonly title: string; readonly sql: string }[] = [
  {
    title: 'Rides per city and day',
    sql: `SELECT city, date_add(DATE '1970-01-01', CAST(day AS INTEGER)) AS day, count(*) AS rides FROM current.rides GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 8`,
  },
  {
    title: 'Total fare per month',
    sql: `SELECT strftime(date_add(DATE '1970-01-01', CAST(day AS INTEGER)), '%Y-%m') AS month, sum(CAST(fare AS DECIMAL(12,2))) AS total FROM current.rides GROUP BY 1 ORDER BY 1`,
  },
  {
    title: 'The history of one user',
    sql: `SELECT _log_offset, op, changed_at, "after".full_name, "after".balance, "after".status FROM raw.users
          WHERE "after".id = (SELECT "after".id FROM raw.users WHERE op = 'u' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1) ORDER BY _log_offset LIMIT 12`,
  },
];

export async function demoQueries(lake: LakeQuery): Promise<readonly DemoAnswer[]> {
  const answers: DemoAnswer[] = [];
  for (const { title, sql } of demoStatements) answers.push({ title, sql, ...(await lake.query(sql)) });
  return answers;
}
