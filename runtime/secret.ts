// A secret travels wrapped: whatever prints it (template strings, JSON, console, a log line) shows `[redacted]`, and
// only the adapter that needs the text asks for it by name. Known secrets are also redacted by value in logs (redact.ts).

export const redactedText = '[redacted]';

export interface Secret {
  /** The text itself: call it where it is handed to a vendor client, nowhere else. */
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

const brand = Symbol('foz.secret');

export function secret(text: string): Secret {
  return Object.freeze({
    reveal: () => text,
    toString: () => redactedText,
    toJSON: () => redactedText,
    [Symbol.toPrimitive]: () => redactedText,
    [Symbol.for('nodejs.util.inspect.custom')]: () => redactedText,
    [brand]: true,
  });
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === 'object' && value !== null && brand in value;
}
