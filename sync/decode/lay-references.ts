// Strings of a page as DuckDB's own references: length, prefix, address; a short one stands in its reference.

import { inlineMax } from './scan-string.ts';
import type { RowPage } from './row-pages.ts';

/** `base`: where the page's region stands in DuckDB's memory. */
export function layReferences(page: RowPage, starts: Int32Array, lengths: Int32Array, base: number, references: ArrayBuffer): void {
  const { arena, rows, regionStart } = page;
  const words = new Int32Array(references);
  const view = new Uint8Array(references);
  for (let row = 0; row < rows; row++) {
    const length = lengths[row] ?? -1;
    const start = starts[row] ?? 0;
    const word = row * 4;
    words[word] = Math.max(length, 0);
    if (length > inlineMax) {
      const address = base + (start - regionStart);
      words[word + 1] =
        (arena[start] ?? 0) | ((arena[start + 1] ?? 0) << 8) | ((arena[start + 2] ?? 0) << 16) | ((arena[start + 3] ?? 0) << 24);
      words[word + 2] = address % 4_294_967_296;
      words[word + 3] = address / 4_294_967_296;
    } else {
      words[word + 1] = 0;
      words[word + 2] = 0;
      words[word + 3] = 0;
      for (let i = 0; i < length; i++) view[word * 4 + 4 + i] = arena[start + i] ?? 0;
    }
  }
}
