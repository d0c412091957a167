// DuckDB inside this process: one in-memory instance, without extensions from anywhere, with bounded memory.
// Rows come in through one table function, `foz_rows(id)`: DuckDB pulls a page of records at a time from the batch
// registered under that id. The page's bytes are copied into the chunk once; its keys and values are then laid out as
// DuckDB's own string references into that copy (length, prefix, pointer: the layout of duckdb_string_t in its C API),
// which costs a third of handing over each string. References and bytes belong to the same chunk, so they live and die
// together; `checkReferences` proves the layout once at start and the slow way is used where it does not hold.

import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  DuckDBBlobValue,
  DuckDBInstance,
  DuckDBScalarFunction,
  DuckDBStructType,
  DuckDBTableFunction,
  INTEGER,
  TIMESTAMPTZ,
  VARCHAR,
  type DuckDBConnection,
  type DuckDBType,
} from '@duckdb/node-api';
import bindings, { type DataChunk, type Vector } from '@duckdb/node-bindings';
import { assert } from '../../runtime/errors.ts';
import { layReferences } from './lay-references.ts';
import type { ScanNode } from './scan-program.ts';
import { inlineMax, settle } from './scan-string.ts';
import type { ScannedPage, ShapeScanner } from './shape-scanner.ts';
import { pageKey, pageRows, pageValue, type RowPage } from './row-pages.ts';

export interface DuckdbOptions {
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** DuckDB spills here; a folder of this process alone. */
  readonly tempDir: string;
}

/** What one statement reads: pages, in order, and the scanner that has read them into the column `scanned`, if any. */
export interface RowSource {
  readonly pages: readonly RowPage[];
  readonly scanner: ShapeScanner | null;
  /** What `foz_judge(id, value)` answers. */
  readonly judge: ((value: Uint8Array) => string | null) | null;
}

export type DuckdbValue = string | boolean | number | null | readonly DuckdbValue[] | { readonly [key: string]: DuckdbValue };

export interface Duckdb extends AsyncDisposable {
  /** An id that nothing else in this instance has: for `foz_rows`, and for names of tables. */
  newId(): number;
  /** Runs one statement. `rows` is what `foz_rows(id)` reads in it. Rows come back as JSON values: longs as text, blobs as hex text. */
  query(
    sql: string,
    rows?: { readonly id: number; readonly source: RowSource },
    signal?: AbortSignal,
  ): Promise<readonly (readonly DuckdbValue[])[]>;
}

export async function openDuckdb(options: DuckdbOptions): Promise<Duckdb> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads),
    memory_limit: `${Math.floor(options.memoryLimitBytes / 1_000_000)}MB`,
    temp_directory: options.tempDir,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // Parquet files keep the log's order when one thread writes; with more, order inside a file is worth less than speed.
    preserve_insertion_order: 'false',
  });
  const sources = new Map<number, RowSource>();
  const setup = await instance.connect();
  await setup.run("SET GLOBAL TimeZone = 'UTC'");
  let byReference = true;
  setup.registerTableFunction(rowsFunction(sources, options.threads, () => byReference));
  setup.registerScalarFunction(judgeFunction(sources));
  byReference = await checkReferences(setup, sources);
  setup.closeSync();
  let ids = 0;
  return {
    newId: () => ++ids,
    query: async (sql, rows, signal) => {
      signal?.throwIfAborted();
      const connection = await instance.connect();
      const interrupt = () => connection.interrupt();
      signal?.addEventListener('abort', interrupt, { once: true });
      if (rows) sources.set(rows.id, rows.source);
      try {
        signal?.throwIfAborted();
        const reader = await connection.runAndReadAll(sql);
        // An interrupt that came between statements had nothing to stop.
        signal?.throwIfAborted();
        return plainRows(reader.getRowsJson());
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        if (rows) sources.delete(rows.id);
        signal?.removeEventListener('abort', interrupt);
        connection.closeSync();
      }
    },
    [Symbol.asyncDispose]: async () => instance.closeSync(),
  };
}

function plainRows(rows: readonly (readonly unknown[])[]): readonly (readonly DuckdbValue[])[] {
  const plain = (value: unknown): DuckdbValue => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
    if (Array.isArray(value)) return value.map(plain);
    assert(typeof value === 'object', 'DuckDB returned a value that is no JSON');
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  };
  return rows.map((row) => row.map(plain));
}

function judgeFunction(sources: ReadonlyMap<number, RowSource>): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name: 'foz_judge',
    parameterTypes: [BIGINT, BLOB],
    returnType: VARCHAR,
    mainFunction: (info, input, output) => {
      const [ids, values] = [input.getColumnVector(0), input.getColumnVector(1)];
      try {
        for (let row = 0; row < input.rowCount; row++) {
          const value = values.getItem(row);
          const judge = sources.get(Number(ids.getItem(row)))?.judge;
          output.setItem(row, judge && value instanceof DuckDBBlobValue ? judge(value.bytes) : null);
        }
        output.flush();
      } catch (error) {
        info.setError(`judging a row: ${String(error)}`);
      }
    },
  });
}

interface ScanState {
  readonly source: RowSource;
  next: number;
}

function rowsFunction(sources: ReadonlyMap<number, RowSource>, threads: number, byReference: () => boolean): DuckDBTableFunction {
  const fillChunk = chunkFiller();
  return DuckDBTableFunction.create({
    name: 'foz_rows',
    parameterTypes: [BIGINT],
    bindFunction: (info) => {
      const source = sources.get(Number(info.getParameter(0)));
      if (!source) {
        info.setError('no rows under that id');
        return;
      }
      info.addResultColumn('log_partition', INTEGER);
      info.addResultColumn('log_offset', BIGINT);
      info.addResultColumn('log_time', TIMESTAMPTZ);
      info.addResultColumn('record_time', TIMESTAMPTZ);
      info.addResultColumn('header_set', INTEGER);
      info.addResultColumn('reason', INTEGER);
      info.addResultColumn('log_key', BLOB);
      info.addResultColumn('bytes', BLOB);
      info.addResultColumn('value', VARCHAR);
      if (source.scanner) info.addResultColumn('scanned', duckdbTypeOf(source.scanner.root));
      info.setBindData({ source });
      info.setCardinality(
        source.pages.reduce((sum, page) => sum + page.rows, 0),
        true,
      );
    },
    initFunction: (info) => {
      const bind = info.getBindData();
      assert(bind && 'source' in bind, 'foz_rows was bound without rows');
      info.setMaxThreads(threads);
      info.setInitData({ source: bind.source, next: 0 });
    },
    mainFunction: (info, output) => {
      const state = info.getInitData();
      assert(isScanState(state), 'foz_rows was not initialised');
      const page = state.source.pages[state.next++];
      if (!page) {
        output.rowCount = 0;
        return;
      }
      fillChunk(output.chunk, page, state.source.scanner, byReference());
    },
  });
}

function isScanState(state: object | undefined): state is ScanState {
  return state !== undefined && 'next' in state && 'source' in state;
}

const [atPartition, atOffset, atLogTime, atRecordTime, atHeaders, atReason, atKey, atBytes, atValue, atScanned] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];

const referenceBytes = 16;

type FillChunk = (chunk: DataChunk, page: RowPage, scanner: ShapeScanner | null, byReference: boolean) => void;

/** Copies a page into a chunk, with scratch space of its own. */
function chunkFiller(): FillChunk {
  const references = new ArrayBuffer(referenceBytes * pageRows);
  const scratch: Scratch = { references, words: new Int32Array(references), validity: new Uint8Array(pageRows / 8) };
  return (chunk, page, scanner, byReference) => {
    const { rows } = page;
    bindings.data_chunk_set_size(chunk, rows);
    copyColumn(chunk, atPartition, page.partitions, rows * 4);
    copyColumn(chunk, atOffset, page.offsets, rows * 8);
    copyColumn(chunk, atLogTime, page.logTimesUs, rows * 8);
    copyColumn(chunk, atRecordTime, page.recordTimesUs, rows * 8);
    copyColumn(chunk, atHeaders, page.headerSets, rows * 4);
    copyColumn(chunk, atReason, page.reasons, rows * 4);
    const key = bindings.data_chunk_get_vector(chunk, atKey);
    const bytes = bindings.data_chunk_get_vector(chunk, atBytes);
    const value = bindings.data_chunk_get_vector(chunk, atValue);
    let isScanned: Uint8Array | undefined;
    if (byReference && page.regionEnd - page.regionStart > inlineMax) {
      const base = heldRegion(bytes, page.arena.subarray(page.regionStart, page.regionEnd));
      if (scanner) {
        const { scanned } = page;
        assert(scanned?.scanner === scanner, 'a page was not scanned before its statement');
        isScanned = scanned.columns[0]?.valid;
        const { escapes } = scanned;
        const addresses = {
          region: base,
          escapes: escapes.used > inlineMax ? heldRegion(key, escapes.bytes.subarray(0, escapes.used)) : 0,
        };
        fillScanned(bindings.data_chunk_get_vector(chunk, atScanned), scanner.root, scanned, rows, addresses, scratch);
      }
      fillByReference(page, key, bytes, value, base, scratch);
    } else {
      if (scanner) setNulls(bindings.data_chunk_get_vector(chunk, atScanned), rows, () => true, scratch);
      fillByCopy(page, key, bytes, value);
    }
    if (page.recordTimes < rows)
      setNulls(bindings.data_chunk_get_vector(chunk, atRecordTime), rows, (row) => page.recordTimeKnown[row] === 0, scratch);
    setNulls(key, rows, (row) => (page.keyLength[row] ?? -1) < 0, scratch);
    setNulls(bytes, rows, (row) => (page.valueLength[row] ?? -1) < 0, scratch);
    setNulls(value, rows, (row) => isScanned?.[row] === 1 || (page.valueLength[row] ?? -1) < 0 || page.reasons[row] !== 0, scratch);
  };
}

interface Scratch {
  readonly references: ArrayBuffer;
  /** The same bytes. */
  readonly words: Int32Array;
  readonly validity: Uint8Array<ArrayBuffer>;
}

function copyColumn(chunk: DataChunk, column: number, data: { readonly buffer: ArrayBufferLike }, byteCount: number): void {
  const { buffer } = data;
  assert(buffer instanceof ArrayBuffer, 'page columns stand in their own buffers');
  bindings.copy_data_to_vector(bindings.data_chunk_get_vector(chunk, column), 0, buffer, 0, byteCount);
}

function setNulls(vector: Vector, rows: number, isNull: (row: number) => boolean, { validity }: Scratch): void {
  validity.fill(255);
  let nulls = 0;
  for (let row = 0; row < rows; row++) {
    if (!isNull(row)) continue;
    nulls++;
    const at = row >> 3;
    validity[at] = (validity[at] ?? 0) & ~(1 << (row & 7));
  }
  if (nulls > 0) copyValidity(vector, rows, validity);
}

/** `valid` holds a 1 for each row with a value and a 0 for each without: eight of them become a byte. */
function setValidity(vector: Vector, valid: Uint8Array, rows: number, { validity }: Scratch): void {
  const words = new Uint32Array(valid.buffer, valid.byteOffset, valid.length >> 2);
  const bytes = Math.ceil(rows / 8);
  let hasNulls = false;
  for (let at = 0; at < bytes; at++) {
    const byte = nibble(words[2 * at] ?? 0) | (nibble(words[2 * at + 1] ?? 0) << 4);
    validity[at] = byte;
    if (byte !== 255) hasNulls = true;
  }
  if (hasNulls) copyValidity(vector, rows, validity);
}

/** The lowest bits of four bytes, the first the lowest: multiplied, they meet in the top byte. */
function nibble(word: number): number {
  return (Math.imul(word, 0x10204080) >>> 28) & 15;
}

function copyValidity(vector: Vector, rows: number, { buffer }: Uint8Array<ArrayBuffer>): void {
  bindings.vector_ensure_validity_writable(vector);
  bindings.copy_data_to_vector_validity(vector, 0, buffer, 0, Math.ceil(rows / 64) * 8);
}

/** Hands bytes over as element 0; its reference tells where DuckDB put the copy, which lives as long as the vector. */
function heldRegion(vector: Vector, region: Uint8Array): number {
  bindings.vector_assign_string_element_len(vector, 0, region);
  const head = bindings.vector_get_data(vector, referenceBytes);
  return Number(new DataView(head.buffer, head.byteOffset, referenceBytes).getBigUint64(8, true));
}

function fillByReference(page: RowPage, key: Vector, bytes: Vector, value: Vector, base: number, scratch: Scratch): void {
  const { references } = scratch;
  const byteCount = page.rows * referenceBytes;
  layReferences(page, page.keyStart, page.keyLength, base, references);
  bindings.copy_data_to_vector(key, 0, references, 0, byteCount);
  layReferences(page, page.valueStart, page.valueLength, base, references);
  bindings.copy_data_to_vector(bytes, 0, references, 0, byteCount);
  bindings.copy_data_to_vector(value, 0, references, 0, byteCount);
}

interface Addresses {
  readonly region: number;
  readonly escapes: number;
}

function fillScanned(vector: Vector, node: ScanNode, page: ScannedPage, rows: number, addresses: Addresses, scratch: Scratch): void {
  const column = page.columns[node.slot];
  if (!column) return;
  if (node.leaf?.kind === 'string') {
    scratch.words.set(column.words.subarray(0, 4 * rows));
    settle(scratch.words, rows, addresses.region, addresses.escapes);
    bindings.copy_data_to_vector(vector, 0, scratch.references, 0, rows * referenceBytes);
  } else if (node.leaf) {
    bindings.copy_data_to_vector(vector, 0, column.data, 0, rows * node.leaf.width);
  }
  node.children.forEach((child, i) => fillScanned(bindings.struct_vector_get_child(vector, i), child, page, rows, addresses, scratch));
  setValidity(vector, column.valid, rows, scratch);
}

function duckdbTypeOf(node: ScanNode): DuckDBType {
  switch (node.leaf?.kind) {
    case 'boolean':
      return BOOLEAN;
    case 'long':
      return BIGINT;
    case 'double':
      return DOUBLE;
    case 'string':
      return VARCHAR;
    default:
      return new DuckDBStructType(
        node.children.map((child) => child.name),
        node.children.map((child) => duckdbTypeOf(child)),
      );
  }
}

function fillByCopy(page: RowPage, key: Vector, bytes: Vector, value: Vector): void {
  const empty = new Uint8Array(0);
  for (let row = 0; row < page.rows; row++) {
    const valueBytes = pageValue(page, row) ?? empty;
    bindings.vector_assign_string_element_len(key, row, pageKey(page, row) ?? empty);
    bindings.vector_assign_string_element_len(bytes, row, valueBytes);
    bindings.vector_assign_string_element_len(value, row, page.reasons[row] === 0 ? valueBytes : empty);
  }
}

/** Lays out known strings of every kind and reads them back. */
async function checkReferences(connection: DuckDBConnection, sources: Map<number, RowSource>): Promise<boolean> {
  const texts = ['', 'a', 'twelve bytes', 'thirteen byte', 'x'.repeat(5000)];
  const region = Buffer.from(texts.join(''));
  const count = texts.length;
  const starts = Int32Array.from(texts, (_, i) => Buffer.byteLength(texts.slice(0, i).join('')));
  const lengths = Int32Array.from(texts, (text) => text.length);
  const arena = new Uint8Array(region);
  const page: RowPage = {
    rows: count,
    arena,
    regionStart: 0,
    regionEnd: arena.length,
    partitions: new Int32Array(count),
    offsets: BigInt64Array.from(texts, (_, i) => BigInt(i)),
    logTimesUs: new Int32Array(2 * count),
    recordTimesUs: new Int32Array(2 * count),
    recordTimes: 0,
    recordTimeKnown: new Uint8Array(count),
    keyStart: starts,
    keyLength: lengths,
    valueStart: starts,
    valueLength: lengths,
    headerSets: new Int32Array(count),
    reasons: new Int32Array(count),
    scanned: null,
    day: 0,
  };
  sources.set(-1, { pages: [page], scanner: null, judge: null });
  const reader = await connection.runAndReadAll('SELECT value, octet_length(log_key) FROM foz_rows(-1) ORDER BY log_offset');
  sources.delete(-1);
  return reader.getRows().every(([value, bytes], i) => value === texts[i] && Number(bytes) === texts[i]?.length);
}
