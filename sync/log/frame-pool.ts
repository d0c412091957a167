// Memory of large answers, used again: a buffer outside V8's heap for every megabyte read would set off a full
// collection many times a second. Whoever has read an answer to its end gives it back; what is never given back (its
// partition went to another worker) is collected as anything else.

export interface FramePool {
  /** At least `bytes` long, its content undefined. */
  take(bytes: number): Buffer;
  /** `part` is any view into a frame from here that nobody reads any more; anything else is left alone. */
  give(part: Buffer): void;
}

/** Smaller ones come from Node's own pool. */
export const pooledBytesMin = 65_536;
/** Sizes are rounded up to this, so that frames fit one another. */
const stepBytes = 262_144;

/** Keeps at most `idleBytesMax` that nobody uses. */
export function framePool(idleBytesMax: number): FramePool {
  const lent = new WeakSet<ArrayBufferLike>();
  const idle: Buffer[] = [];
  let idleBytes = 0;
  return {
    take(bytes) {
      if (bytes < pooledBytesMin) return Buffer.allocUnsafe(bytes);
      const at = idle.findIndex((frame) => frame.length >= bytes);
      const [found] = at < 0 ? [] : idle.splice(at, 1);
      const frame = found ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes);
      if (found) idleBytes -= found.length;
      lent.add(frame.buffer);
      return frame;
    },
    give({ buffer }) {
      // Only once: a frame given twice would be two answers at the same time.
      if (!lent.delete(buffer) || idleBytes + buffer.byteLength > idleBytesMax) return;
      idle.push(Buffer.from(buffer));
      idleBytes += buffer.byteLength;
    },
  };
}
