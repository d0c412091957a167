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

/** The text of what `parseExactJson` gave, integers with every digit. */
export function exactJsonText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(exactJsonText).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value ?? null);
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${exactJsonText(inner)}`)
    .join(',')}}`;
}
