// Patterns of contracts, on an engine whose time is linear in the text. Contracts come from people: `^(a+)+$` keeps
// JavaScript's own engine busy for seconds on 29 characters. What a linear engine cannot say (look-around,
// back-references, counts above 1,000) is refused by name.

import { RE2JS } from 're2js';

export type LinearPattern =
  | {
      readonly kind: 'pattern';
      /** The same pattern as RE2 reads it, in DuckDB. */
      readonly re2: string;
      test(text: string): boolean;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Longer patterns are refused before they are parsed. */
export const patternLengthMax = 4096;

/** A pattern as JSON Schema means it: not anchored, Unicode. */
export function linearPattern(source: string): LinearPattern {
  if (source.length > patternLengthMax)
    return { kind: 'refused', reason: `pattern of ${source.length} characters: at most ${patternLengthMax}` };
  try {
    const re2 = RE2JS.translateRegExp(source);
    const compiled = RE2JS.compile(re2);
    return { kind: 'pattern', re2, test: (text) => compiled.test(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return { kind: 'refused', reason: `pattern ${JSON.stringify(source.slice(0, 80))} has no linear form: ${reason}` };
  }
}
