// The words of a condition as PostgreSQL writes it back (`pg_get_expr`): names, numbers, texts, operators. Text that is
// none of these gives null: a condition is understood whole or not at all.

export interface CheckToken {
  readonly kind: 'name' | 'number' | 'text' | 'operator';
  /** Of names and texts: without their quotes. */
  readonly text: string;
  /** Names in quotes are columns, never keywords. */
  readonly isQuoted: boolean;
}

/** Conditions beyond are left as text. */
const expressionLengthMax = 10_000;

const pattern =
  /\s+|(?<quoted>"(?:[^"]|"")*")|(?<text>'(?:[^']|'')*')|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<operator>::|<>|<=|>=|!~~|~~|!~\*|!~|~\*|[<>=~()[\],+*/%-])/gy;

export function checkTokens(expression: string): readonly CheckToken[] | null {
  if (expression.length > expressionLengthMax) return null;
  const tokens: CheckToken[] = [];
  let end = 0;
  for (const match of expression.matchAll(pattern)) {
    end = match.index + match[0].length;
    const { quoted, text, number, name, operator } = match.groups ?? {};
    if (quoted !== undefined) tokens.push({ kind: 'name', text: quoted.slice(1, -1).replaceAll('""', '"'), isQuoted: true });
    else if (text !== undefined) tokens.push({ kind: 'text', text: text.slice(1, -1).replaceAll("''", "'"), isQuoted: false });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, isQuoted: false });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, isQuoted: false });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator, isQuoted: false });
  }
  // E'…' texts have escapes of their own.
  const escapes = tokens.some((token, i) => token.kind === 'name' && !token.isQuoted && tokens[i + 1]?.kind === 'text');
  return end === expression.length && !escapes ? tokens : null;
}
