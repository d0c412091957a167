// JSON in which integers keep every digit: an int8 beyond 2^53 is a bigint, everything else is what JSON.parse gives.
// Debezium writes int8 as a bare number, so a plain JSON.parse would round it.

const integerText = /^-?\d+$/;

export function parseExactJson(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || !integerText.test(source)) return value;
    return Number.isSafeInteger(value) ? value : BigInt(source);
  });
}

/** JSON text of a canonical composite: strings, nulls, arrays and objects only. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
