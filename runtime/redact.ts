// Redaction of log fields, by key (what is named like a secret) and by value (the secrets this process was given, in
// whatever text they turn up: a connection string in a vendor's error, a URL, a header).

import { isSecret, redactedText, type Secret } from './secret.ts';

export interface Redactor {
  text(text: string): string;
  /** A copy fit for JSON: secrets out, bigints as decimal text, errors as plain fields, depth and length bounded. */
  value(value: unknown): unknown;
}

export interface RedactOptions {
  readonly secrets?: readonly Secret[];
  readonly depthMax?: number;
  readonly textMax?: number;
}

const secretKey =
  /pass(word|wd|phrase)?$|secret|token$|^authorization$|credential|private.?key|api.?key|access.?key|^cookie$|^set-cookie$|sasl\.jaas/i;

/** Bearer tokens of a catalog tell what they are, wherever they turn up: an address, a header, a message. */
const tokenText = /foz_[A-Za-z0-9_-]{43}/g;

/** Shorter values are not searched for: `a` or `test` would blank half of every line. */
const secretLengthMin = 6;

export function createRedactor(options: RedactOptions = {}): Redactor {
  const depthMax = options.depthMax ?? 6;
  const textMax = options.textMax ?? 4096;
  const needles = (options.secrets ?? [])
    .map((known) => known.reveal())
    .filter((known) => known.length >= secretLengthMin)
    .flatMap((known) => [...new Set([known, encodeURIComponent(known), JSON.stringify(known).slice(1, -1)])])
    .sort((a, b) => b.length - a.length);

  const text = (input: string): string => {
    let output = input;
    for (const needle of needles) output = output.replaceAll(needle, redactedText);
    output = output.replaceAll(tokenText, redactedText);
    // Cut before the expression runs, and with bounded repeats: a long value must not cost quadratic time.
    if (output.length > textMax) output = `${output.slice(0, textMax)}… (${output.length} characters)`;
    return output.replace(/(\b\w{1,20}:\/\/[^\s:/@]{0,200}:)[^\s@/]{1,500}@/g, `$1${redactedText}@`);
  };

  const value = (input: unknown, depth = 0): unknown => {
    if (typeof input === 'string') return text(input);
    if (typeof input === 'bigint') return input.toString();
    if (typeof input === 'function' || typeof input === 'symbol') return undefined;
    if (typeof input !== 'object' || input === null) return input;
    if (isSecret(input)) return redactedText;
    if (input instanceof Error) return errorFields(input, depth);
    if (input instanceof Date) return Number.isNaN(input.getTime()) ? 'Invalid Date' : input.toISOString();
    if (ArrayBuffer.isView(input)) return `(${input.byteLength} bytes)`;
    if (depth >= depthMax) return '…';
    if (Array.isArray(input)) return input.slice(0, 100).map((item) => value(item, depth + 1));
    return Object.fromEntries(
      Object.entries(input).map(([key, item]) => [key, secretKey.test(key) && item !== undefined ? redactedText : value(item, depth + 1)]),
    );
  };

  const errorFields = (error: Error, depth: number): Record<string, unknown> => {
    const fields: Record<string, unknown> = { type: error.name, message: text(error.message) };
    if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) fields['code'] = error.code;
    if ('context' in error && typeof error.context === 'object') fields['context'] = value(error.context, depth + 1);
    if (error.stack !== undefined) fields['stack'] = text(error.stack);
    if (error.cause !== undefined && depth < depthMax) fields['cause'] = value(error.cause, depth + 1);
    return fields;
  };

  return { text, value: (input) => value(input) };
}
