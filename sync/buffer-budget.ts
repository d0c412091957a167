// The memory ceiling of the worker (I9): bytes of records that are buffered or being written, all tables together.
// Reading waits when it is reached; whoever holds the fullest chunk is asked to hand it over.

export class BufferBudget {
  readonly #bytesMax: number;
  readonly #onPressure: () => void;
  #used = 0;
  #queue: { readonly bytes: number; readonly resume: () => void }[] = [];

  constructor(bytesMax: number, onPressure: () => void) {
    this.#bytesMax = bytesMax;
    this.#onPressure = onPressure;
  }

  get used(): number {
    return this.#used;
  }

  /** First come, first served. A request larger than the whole ceiling is let through alone: a record is never refused for its size here. */
  async reserve(bytes: number): Promise<void> {
    if (this.#queue.length === 0 && this.#fits(bytes)) {
      this.#used += bytes;
      return;
    }
    const turn = new Promise<void>((resume) => this.#queue.push({ bytes, resume }));
    this.#onPressure();
    await turn;
  }

  release(bytes: number): void {
    this.#used -= bytes;
    for (let first = this.#queue[0]; first && this.#fits(first.bytes); first = this.#queue[0]) {
      this.#queue.shift();
      this.#used += first.bytes;
      first.resume();
    }
    if (this.#queue.length > 0) this.#onPressure();
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#bytesMax;
  }
}
