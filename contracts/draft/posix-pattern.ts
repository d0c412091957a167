// A regular expression of PostgreSQL as one of JSON Schema, where both read it alike: characters, sets, anchors, groups,
// repeats, alternatives. Everything else (word boundaries, named classes, look-ahead, back references) gives null.

const patternLengthMax = 500;

/** Escapes that mean the same in both. */
const commonEscape = /^[.\\/^$*+?()[\]{}|@_:;,#&%~"'`!<>=-]$/;

export function patternOf(posix: string): string | null {
  // Options at the start (`***:`, `(?i)`) change how the rest is read.
  if (posix.length > patternLengthMax || posix.startsWith('***')) return null;
  let text = '';
  for (let at = 0; at < posix.length; at++) {
    const char = posix[at] ?? '';
    if (char === '\\') {
      const escaped = escapeOf(posix[++at] ?? '');
      if (escaped === null) return null;
      text += escaped;
    } else if (char === '[') {
      const end = setEnd(posix, at);
      if (end === null) return null;
      text += posix.slice(at, end + 1).replaceAll(/(?<=.)\[/g, String.raw`\[`);
      at = end;
    } else if (char === '(' && posix[at + 1] === '?') {
      if (posix[at + 2] !== ':') return null;
      text += '(?:';
      at += 2;
    } else if (char === '.') {
      // There a dot is any character, line breaks as well.
      text += String.raw`[\s\S]`;
    } else {
      text += char;
    }
  }
  return text;
}

function escapeOf(char: string): string | null {
  if (char === 'd') return '[0-9]';
  return commonEscape.test(char) ? `\\${char}`.replace(/^\\([@_:;,#&%~"'`!<>=-])$/, '$1') : null;
}

/** Where the set ends; null for one with classes, escapes or equivalences. */
function setEnd(posix: string, open: number): number | null {
  let at = open + 1;
  if (posix[at] === '^') at++;
  // A bracket that comes first is a character there, and the end here.
  if (posix[at] === ']') return null;
  for (; at < posix.length; at++) {
    const char = posix[at];
    if (char === ']') return at;
    if (char === '\\' || (char === '[' && /[.:=]/.test(posix[at + 1] ?? ''))) return null;
  }
  return null;
}
