// PostgreSQL's array text: {1,NULL,"a \"quoted\" one",{nested}}. Unquoted NULL is null, quoted "NULL" is the word.

export type ArrayItem = string | null | readonly ArrayItem[];

const depthMax = 6; // PostgreSQL's own limit on dimensions.

/** Null when the text is no array. A leading `[2:4]=` (lower bounds other than 1) is read over. */
export function parseArrayLiteral(text: string): readonly ArrayItem[] | null {
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  if (text[start] !== '{') return null;
  const parsed = parseLevel(text, start + 1, 1);
  return parsed === null || parsed.next !== text.length ? null : parsed.items;
}

interface Level {
  readonly items: readonly ArrayItem[];
  /** Index after the closing brace. */
  readonly next: number;
}

function parseLevel(text: string, from: number, depth: number): Level | null {
  if (depth > depthMax) return null;
  const items: ArrayItem[] = [];
  let index = from;
  if (text[index] === '}') return { items, next: index + 1 };
  for (;;) {
    if (text[index] === '{') {
      const nested = parseLevel(text, index + 1, depth + 1);
      if (nested === null) return null;
      items.push(nested.items);
      index = nested.next;
    } else {
      const element = text[index] === '"' ? parseQuoted(text, index + 1) : parseBare(text, index);
      if (element === null) return null;
      items.push(element.value);
      index = element.next;
    }
    if (text[index] === '}') return { items, next: index + 1 };
    // PostgreSQL separates with a comma; only type box uses a semicolon.
    if (text[index] !== ',' && text[index] !== ';') return null;
    index++;
  }
}

interface Element {
  readonly value: string | null;
  readonly next: number;
}

function parseQuoted(text: string, from: number): Element | null {
  let value = '';
  for (let index = from; index < text.length; index++) {
    const character = text[index];
    if (character === '"') return { value, next: index + 1 };
    if (character === '\\') index++;
    value += text[index] ?? '';
  }
  return null;
}

function parseBare(text: string, from: number): Element | null {
  let value = '';
  for (let index = from; index < text.length; index++) {
    const character = text[index] ?? '';
    if (character === ',' || character === '}' || character === ';') return { value: value === 'NULL' ? null : value, next: index };
    if (character === '\\') index++;
    value += text[index] ?? '';
  }
  return null;
}
