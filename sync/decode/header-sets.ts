// Header lists repeat: Debezium puts the same four on every record of a run. A batch keeps each distinct list once and
// a row only its number.

import type { RecordHeader } from '../log/record-block.ts';

export class HeaderSets {
  readonly sets: (readonly RecordHeader[])[] = [];
  readonly #byContent = new Map<string, number>();
  #last: readonly RecordHeader[] | undefined;
  #lastIndex = 0;

  /** 1-based; 0 for no headers. */
  indexOf(headers: readonly RecordHeader[] | undefined): number {
    if (headers === this.#last) return this.#lastIndex;
    this.#last = headers;
    this.#lastIndex = headers === undefined || headers.length === 0 ? 0 : this.#find(headers);
    return this.#lastIndex;
  }

  #find(headers: readonly RecordHeader[]): number {
    const content = headers
      .map((header) => `${header.key.length}:${header.key}${header.value === null ? '-' : Buffer.from(header.value).toString('base64')}`)
      .join(';');
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    this.sets.push(headers.map((header) => ({ key: header.key, value: header.value === null ? null : Uint8Array.from(header.value) })));
    this.#byContent.set(content, this.sets.length);
    return this.sets.length;
  }
}
