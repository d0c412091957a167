// The rows of an open batch, outside DuckDB: bytes in arenas, everything else in columns, in pages of one DuckDB vector
// each. Appending copies a row's bytes once and touches nothing else; DuckDB pulls the pages when the batch is written,
// as often as it needs to (again after an evolution). Arenas and pages are recycled, so memory is bounded by the
// batches open at once.

import type { RecordBlock } from '../log/record-block.ts';
import type { HeaderSets } from './header-sets.ts';
import type { ScannedPage, ShapeScanner } from './shape-scanner.ts';

/** DuckDB's vector size: a page is handed over as one chunk. */
export const pageRows = 2048;

export interface RowPage {
  rows: number;
  /** Where its bytes stand: one contiguous region of one arena. */
  arena: Uint8Array;
  regionStart: number;
  regionEnd: number;
  readonly partitions: Int32Array;
  readonly offsets: BigInt64Array;
  /** Microseconds, as pairs of 32-bit halves (little endian): filled without a bigint a row. */
  readonly logTimesUs: Int32Array;
  readonly recordTimesUs: Int32Array;
  recordTimes: number;
  readonly recordTimeKnown: Uint8Array;
  readonly keyStart: Int32Array;
  readonly keyLength: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueLength: Int32Array;
  /** 1-based into the batch's header sets; 0 none. */
  readonly headerSets: Int32Array;
  /** 1-based into the batch's reasons: rescued for that reason without being decoded; 0 decode. */
  readonly reasons: Int32Array;
  /** What a scanner read of its rows; null when none has, or a row came since. */
  scanned: ScannedPage | null;
  /** Day of the log time since 1970, where all rows share one; NaN otherwise. */
  day: number;
}

export interface PagePool {
  readonly arenaBytes: number;
  takePage(): RowPage;
  takeArena(bytesMin: number): Uint8Array;
  release(pages: readonly RowPage[], arenas: readonly Uint8Array[]): void;
}

/** Keeps at most `idleBytesMax` of arenas for reuse. */
export function pagePool(arenaBytes: number, idleBytesMax: number): PagePool {
  const arenas: Uint8Array[] = [];
  const pages: RowPage[] = [];
  return {
    arenaBytes,
    takePage: () => pages.pop() ?? newPage(),
    takeArena: (bytesMin) => (bytesMin <= arenaBytes ? (arenas.pop() ?? new Uint8Array(arenaBytes)) : new Uint8Array(bytesMin)),
    release: (oldPages, oldArenas) => {
      for (const page of oldPages) if (pages.length * pageRows < idleBytesMax / 256) pages.push(page);
      for (const arena of oldArenas)
        if (arena.length === arenaBytes && (arenas.length + 1) * arenaBytes <= idleBytesMax) arenas.push(arena);
    },
  };
}

/** Rows in append order. One writer; not for use while DuckDB reads. */
export class RowPages {
  readonly pages: RowPage[] = [];
  rows = 0;
  /** Key and value bytes. */
  bytes = 0;
  readonly #pool: PagePool;
  readonly #arenas: Uint8Array[] = [];
  #arenaUsed = 0;

  readonly #judgeBytesMin: number;
  readonly #judge: (value: Uint8Array) => number;
  readonly #likely: () => ShapeScanner | null;

  /**
   * `judge` gives large values (at least `judgeBytesMin`) the number of a reason not to decode them, or 0. `likely` is the
   * scanner that the rows will probably be written with: full pages are scanned at once, while DuckDB writes others.
   */
  constructor(pool: PagePool, judgeBytesMin: number, judge: (value: Uint8Array) => number, likely: () => ShapeScanner | null = () => null) {
    this.#likely = likely;
    this.#pool = pool;
    this.#judgeBytesMin = judgeBytesMin;
    this.#judge = judge;
  }

  append(logPartition: number, block: RecordBlock, from: number, to: number, headerSets: HeaderSets): void {
    const { bytes, offsets, keyStart, keyLength, valueStart, valueLength, logTimesMs, recordTimesMs, headers } = block;
    let page = this.pages.at(-1);
    for (let i = from; i < to; i++) {
      const keyBytes = keyLength[i] ?? -1;
      const valueBytes = valueLength[i] ?? -1;
      const keyAt = keyStart[i] ?? 0;
      const valueAt = valueStart[i] ?? 0;
      const needed = Math.max(keyBytes, 0) + Math.max(valueBytes, 0) + gapMax + slackBytes;
      if (!page || page.rows === pageRows || this.#arenaUsed + needed > page.arena.length) {
        if (page) this.#likely()?.scan(page);
        page = this.#nextPage(needed);
      }
      const row = page.rows++;
      const at = this.#arenaUsed;
      const gap = valueAt - keyAt - keyBytes;
      if (keyBytes >= 0 && valueBytes >= 0 && gap >= 0 && gap <= gapMax) {
        // On the wire the value follows its key after a length: one copy for both.
        page.arena.set(bytes.subarray(keyAt, valueAt + valueBytes), at);
        page.keyStart[row] = at;
        page.valueStart[row] = at + (valueAt - keyAt);
        this.#arenaUsed = at + (valueAt - keyAt) + valueBytes;
      } else {
        page.keyStart[row] = at;
        if (keyBytes > 0) page.arena.set(bytes.subarray(keyAt, keyAt + keyBytes), at);
        const next = at + Math.max(keyBytes, 0);
        page.valueStart[row] = next;
        if (valueBytes > 0) page.arena.set(bytes.subarray(valueAt, valueAt + valueBytes), next);
        this.#arenaUsed = next + Math.max(valueBytes, 0);
      }
      page.regionEnd = this.#arenaUsed;
      page.keyLength[row] = keyBytes;
      page.valueLength[row] = valueBytes;
      page.partitions[row] = logPartition;
      page.offsets[row] = offsets[i] ?? 0n;
      const timeMs = logTimesMs[i] ?? 0;
      setMicros(page.logTimesUs, row, timeMs);
      const day = Math.floor(timeMs / 86_400_000);
      if (row === 0) page.day = day;
      else if (page.day !== day) page.day = Number.NaN;
      const recordMs = recordTimesMs[i] ?? Number.NaN;
      const known = recordMs === recordMs;
      page.recordTimeKnown[row] = known ? 1 : 0;
      if (known) {
        page.recordTimes++;
        setMicros(page.recordTimesUs, row, recordMs);
      }
      page.headerSets[row] = headers === undefined ? 0 : headerSets.indexOf(headers[i]);
      page.reasons[row] = valueBytes < this.#judgeBytesMin ? 0 : this.#judge(bytes.subarray(valueAt, valueAt + valueBytes));
      this.rows++;
      this.bytes += Math.max(keyBytes, 0) + Math.max(valueBytes, 0);
    }
  }

  /** Gives the memory back to the pool. */
  release(): void {
    for (const page of this.pages) {
      page.scanned?.release();
      page.scanned = null;
    }
    this.#pool.release(this.pages, this.#arenas);
    this.pages.length = 0;
    this.#arenas.length = 0;
    this.rows = 0;
    this.bytes = 0;
  }

  #nextPage(needed: number): RowPage {
    let arena = this.#arenas.at(-1);
    if (!arena || this.#arenaUsed + needed > arena.length) {
      arena = this.#pool.takeArena(needed);
      this.#arenas.push(arena);
      this.#arenaUsed = 0;
    }
    const page = this.#pool.takePage();
    page.rows = 0;
    page.recordTimes = 0;
    page.arena = arena;
    page.regionStart = this.#arenaUsed;
    page.regionEnd = this.#arenaUsed;
    this.pages.push(page);
    return page;
  }
}

export function pageKey(page: RowPage, row: number): Uint8Array | null {
  const length = page.keyLength[row] ?? -1;
  const start = page.keyStart[row] ?? 0;
  return length < 0 ? null : page.arena.subarray(start, start + length);
}

export function pageValue(page: RowPage, row: number): Uint8Array | null {
  const length = page.valueLength[row] ?? -1;
  const start = page.valueStart[row] ?? 0;
  return length < 0 ? null : page.arena.subarray(start, start + length);
}

export function pageDay(page: RowPage, row: number): number {
  const micros = (page.logTimesUs[2 * row + 1] ?? 0) * 4_294_967_296 + ((page.logTimesUs[2 * row] ?? 0) >>> 0);
  return Math.floor(micros / 86_400_000_000);
}

/** Bytes between key and value that are copied along rather than skipped. */
const gapMax = 16;

/** Bytes of an arena that follow every value, so that a reader may take words at its end. */
const slackBytes = 8;

function newPage(): RowPage {
  return {
    rows: 0,
    arena: new Uint8Array(0),
    regionStart: 0,
    regionEnd: 0,
    partitions: new Int32Array(pageRows),
    offsets: new BigInt64Array(pageRows),
    logTimesUs: new Int32Array(2 * pageRows),
    recordTimesUs: new Int32Array(2 * pageRows),
    recordTimes: 0,
    recordTimeKnown: new Uint8Array(pageRows),
    keyStart: new Int32Array(pageRows),
    keyLength: new Int32Array(pageRows),
    valueStart: new Int32Array(pageRows),
    valueLength: new Int32Array(pageRows),
    headerSets: new Int32Array(pageRows),
    reasons: new Int32Array(pageRows),
    scanned: null,
    day: Number.NaN,
  };
}

function setMicros(halves: Int32Array, row: number, timeMs: number): void {
  const micros = Math.round(timeMs * 1000);
  const high = Math.floor(micros / 4_294_967_296);
  halves[2 * row] = micros - high * 4_294_967_296;
  halves[2 * row + 1] = high;
}
