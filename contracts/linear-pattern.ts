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

/** Steps of a compiled pattern. */
export const programSizeMax = 4000;

/** A pattern as JSON Schema means it: not anchored, Unicode. */
export function linearPattern(source: string): LinearPattern {
  if (source.length > patternLengthMax)
    return { kind: 'refused', reason: `pattern of ${source.length} characters: at most ${patternLengthMax}` };
  const problem = escapeProblem(source);
  if (problem !== null) return refused(source, problem);
  try {
    const re2 = RE2JS.translateRegExp(source);
    const compiled = RE2JS.compile(re2);
    const size = Math.ceil(compiled.matcher('').programSize() * weight(re2));
    if (size > programSizeMax) return refused(source, `its counts multiply to a program of ${size} steps: at most ${programSizeMax}`);
    return { kind: 'pattern', re2, test: (text) => compiled.test(text) };
  } catch (error) {
    return refused(source, error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error));
  }
}

/** A pattern that is RE2 already, as the formats are: nothing in it is translated. */
export function linearMatcher(re2: string): (text: string) => boolean {
  const compiled = RE2JS.compile(re2);
  return (text) => compiled.test(text);
}

function refused(source: string, reason: string): LinearPattern {
  return { kind: 'refused', reason: `pattern ${JSON.stringify(source.slice(0, 80))} has no linear form: ${reason}` };
}

const escapes = /\\(?:([pP])(?:\{([^}]*)\}|(.))|(.))/gsu;

/** What re2js would read as another thing than the author meant, or DuckDB's RE2 not at all. */
function escapeProblem(source: string): string | null {
  for (const [text, property, braced, bare, other] of source.matchAll(escapes)) {
    if (property !== undefined && !classes.has(braced ?? bare ?? '')) return `${text} is no class that every engine knows`;
    if (other !== undefined && /[1-9]/.test(other)) return `${text} is a back-reference`;
    if (other !== undefined && /[A-Za-z]/.test(other) && !letters.includes(other)) return `${text} is no escape`;
  }
  return null;
}

const letters = 'dDwWsSbBtnrfvaAzxuc';

const classes: ReadonlySet<string> = new Set(
  'C Cc Cf Co L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs Latin Greek Cyrillic Arabic Hebrew Han Hiragana Katakana Hangul Thai Devanagari'.split(
    ' ',
  ),
);

/** In UTF-8 a class of letters is some hundred steps, and RE2 gives up at 8 MB. */
function weight(re2: string): number {
  const longest = Math.max(0, ...Array.from(re2.matchAll(/\[[^\]]*\]/g), ([text]) => text.length));
  return Math.max(1, longest / 20, /\\[pP]/.test(re2) ? 10 : 1);
}
