// A pattern of RE2 as Trino's default engine reads it (Joni, with the syntax of Java). There \d, \w, \s and \b know all of
// Unicode and `$` matches before a last line break; in RE2 they are of ASCII, and `$` is the end of the text.

const ascii: Readonly<Record<string, string>> = { d: '0-9', w: '0-9A-Za-z_', s: '\\t\\n\\f\\r ' };

const posix: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

export function javaPattern(re2: string): string {
  let java = '';
  let inClass = false;
  const isMultiline = /\(\?[a-z]*m/.test(re2);
  for (let i = 0; i < re2.length; i++) {
    const char = re2[i] ?? '';
    if (char === '\\') {
      const braced = /^\\x\{([0-9A-Fa-f]+)\}/.exec(re2.slice(i, i + 12));
      java += braced ? literalOf(Number.parseInt(braced[1] ?? '', 16)) : escaped(re2[i + 1] ?? '', inClass);
      i += braced ? braced[0].length - 1 : 1;
      continue;
    }
    if (inClass) {
      const named = /^\[:(\^?[a-z]+):\]/.exec(re2.slice(i, i + 12));
      if (named) {
        java += posix[named[1] ?? ''] ?? named[0];
        i += named[0].length - 1;
        continue;
      }
      // A class within a class is a union in Java, && an intersection; in RE2 both are only characters.
      java += char === '[' || char === '&' ? `\\${char}` : char;
      inClass = char !== ']';
      continue;
    }
    if (char === '[') {
      inClass = true;
      java += char;
      // First in a class, ] is a character.
      if (re2[i + 1] === '^') java += re2[++i];
      if (re2[i + 1] === ']') {
        java += '\\]';
        i++;
      }
      continue;
    }
    if (char === '$' && !isMultiline) java += '\\z';
    else if (char === '(' && re2.startsWith('(?P<', i)) {
      java += '(?<';
      i += 3;
    } else java += char;
  }
  return java;
}

function escaped(letter: string, inClass: boolean): string {
  const plain = ascii[letter];
  if (plain !== undefined) return inClass ? plain : `[${plain}]`;
  const negated = ascii[letter.toLowerCase()];
  // Within a class the negation has no short form: a class of its own, as Java has unions.
  if (negated !== undefined) return `[^${negated}]`;
  return `\\${letter}`;
}

function literalOf(codePoint: number): string {
  const text = String.fromCodePoint(codePoint);
  return /[\w\s\u0080-\u{10ffff}]/u.test(text) ? text : `\\${text}`;
}
