// How deep a JSON text nests, without parsing it: DuckDB's reader recurses and dies on a value nested 100,000 deep, so
// large values are measured before it sees them. Small ones cannot nest deep enough to matter.

const [quote, backslash, openObject, closeObject, openArray, closeArray] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** Whether brackets outside strings ever nest deeper than `depthMax`. */
export function isDeeperThan(bytes: Uint8Array, depthMax: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === quote) inString = !inString;
    else if (inString) {
      if (byte === backslash) i++;
    } else if (byte === openObject || byte === openArray) {
      if (++depth > depthMax) return true;
    } else if (byte === closeObject || byte === closeArray) depth--;
  }
  return false;
}
