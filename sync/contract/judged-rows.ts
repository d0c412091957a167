// Rows of a batch that the validator has judged from their text, and the table through which the statement reads what it
// found. Same row, same contract, same word: a batch that is written again asks no second time.

import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import type { Violation } from '../../contracts/rules/rule.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import type { Duckdb } from '../decode/duckdb.ts';
import { pageValue, type RowPage } from '../decode/row-pages.ts';
import { violationsStructure, type Enforcer } from './enforcer.ts';

export interface JudgedTable {
  /** Adds `judged_offset` and `judged` to rows with `log_partition` and `log_offset`; empty where no row was judged. */
  readonly join: string;
  drop(): Promise<void>;
}

/** Judged before anything else gets its turn. */
const rowsInTurn = 500;
const rowsInStatement = 1000;

export class JudgedRows {
  readonly #rows = new Map<string, { readonly p: number; readonly o: string; readonly v: readonly Violation[] }>();
  #digest: string | null = null;

  /** Judges those of the rows, given as `partition:offset`, that were not yet; how many that were. */
  async judge(
    coordinates: readonly string[],
    pages: readonly RowPage[],
    enforcer: Enforcer,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    this.#begin(enforcer);
    const wanted = new Set(coordinates.filter((coordinate) => !this.#rows.has(coordinate)));
    if (wanted.size === 0) return 0;
    let count = 0;
    for (const page of pages) {
      for (let row = 0; row < page.rows; row++) {
        const coordinate = `${page.partitions[row]}:${page.offsets[row]}`;
        if (!wanted.has(coordinate)) continue;
        const value = pageValue(page, row);
        const v =
          value && isUtf8(value) ? (enforcer.judge(Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8')) ?? []) : [];
        this.#rows.set(coordinate, { p: page.partitions[row] ?? 0, o: String(page.offsets[row]), v });
        if (++count % rowsInTurn === 0) {
          await setImmediate();
          signal?.throwIfAborted();
        }
      }
    }
    return count;
  }

  /** `id`: of the batch. */
  async table(duckdb: Duckdb, id: number, enforcer: Enforcer): Promise<JudgedTable> {
    this.#begin(enforcer);
    if (this.#rows.size === 0) return { join: '', drop: async () => undefined };
    const name = `judged_rows_${id}`;
    const rows = [...this.#rows.values()];
    const structure = literal(`[{"p":"INTEGER","o":"BIGINT","v":${violationsStructure}}]`);
    for (let at = 0; at < rows.length; at += rowsInStatement) {
      const json = literal(JSON.stringify(rows.slice(at, at + rowsInStatement)));
      const select = `SELECT e.p AS judged_partition, e.o AS judged_offset, CASE WHEN len(e.v) > 0 THEN e.v END AS judged FROM (SELECT unnest(from_json(${json}, ${structure})) AS e)`;
      await duckdb.query(at === 0 ? `CREATE OR REPLACE TABLE ${name} AS ${select}` : `INSERT INTO ${name} ${select}`);
    }
    return {
      join: ` LEFT JOIN ${name} ON log_partition = judged_partition AND log_offset = judged_offset`,
      drop: async () => void (await duckdb.query(`DROP TABLE IF EXISTS ${name}`)),
    };
  }

  /** What another version found does not count. */
  #begin({ contract }: Enforcer): void {
    if (this.#digest === contract.digest) return;
    this.#digest = contract.digest;
    this.#rows.clear();
  }
}
