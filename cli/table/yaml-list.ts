// One more item in a list of foz.yaml, as a person would write it: the text around it stays as it is, comments included.
// Gives up (null) where the file is written in a way this does not know; the command then shows what to add.

/** `path`: keys from the top, the last one the list's. `item` is YAML of one line. `defaults`: what the list has where the file leaves it out. */
export function withListItem(text: string, path: readonly string[], item: string, defaults: readonly string[] = []): string | null {
  return withItem(text, path, item) ?? (defaults.length === 0 ? null : withList(text, path, [...defaults, item]));
}

/** The list itself, under a parent that is there: `postgres: {}`, or a block. */
function withList(text: string, path: readonly string[], items: readonly string[]): string | null {
  const list = `${path.at(-1) ?? ''}: [${items.join(', ')}]`;
  const lines = text.split('\n');
  let [from, to, indent] = [0, lines.length, -1];
  for (const key of path.slice(0, -1)) {
    const found = blockOf(lines, key, from, to, indent);
    if (found === null) return null;
    ({ from, to, indent } = found);
  }
  const head = lines[from - 1] ?? '';
  if (/:\s*\{\s*\}\s*(?:#.*)?$/.test(head)) return replaced(lines, from - 1, head.replace(/\{\s*\}/, `{ ${list} }`));
  const child = lines.slice(from, to).find(isContent);
  if (!/:\s*(?:#.*)?$/.test(head) || child === undefined || new RegExp(`^ *${path.at(-1) ?? ''}:`).test(child)) return null;
  if (lines.slice(from, to).some((line) => indentOf(line) === indentOf(child) && line.trimStart().startsWith(`${path.at(-1) ?? ''}:`)))
    return null;
  return [...lines.slice(0, from), `${' '.repeat(indentOf(child))}${list}`, ...lines.slice(from)].join('\n');
}

interface Block {
  /** First line below the key. */
  readonly from: number;
  readonly to: number;
  readonly indent: number;
}

/** A key directly within [from, to), whose own indent is `outer`. */
function blockOf(lines: readonly string[], key: string, from: number, to: number, outer: number): Block | null {
  const at = lines.findIndex((line, i) => i >= from && i < to && indentOf(line) > outer && new RegExp(`^ *${key}:( |$)`).test(line));
  const line = lines[at];
  // Only the first level below: a key of the same name deeper down is another.
  if (line === undefined || lines.slice(from, at).some((other) => isContent(other) && indentOf(other) < indentOf(line))) return null;
  const indent = indentOf(line);
  const end = lines.findIndex(
    (other, i) => i > at && isContent(other) && (indentOf(other) < indent || (indentOf(other) === indent && !/^ *- /.test(other))),
  );
  return { from: at + 1, to: end < 0 ? lines.length : Math.min(end, to), indent };
}

function withItem(text: string, path: readonly string[], item: string): string | null {
  const lines = text.split('\n');
  let [from, to, indent] = [0, lines.length, -1];
  for (const key of path) {
    const found = blockOf(lines, key, from, to, indent);
    if (found === null) return null;
    ({ from, to, indent } = found);
  }
  const head = lines[from - 1] ?? '';
  const flow = /^(.*:\s*\[)(.*)\](\s*(?:#.*)?)$/.exec(head);
  if (flow) {
    const [, before = '', inside = '', after = ''] = flow;
    return replaced(lines, from - 1, `${before}${inside.trim() === '' ? '' : `${inside.trim()}, `}${item}]${after}`);
  }
  if (!/:\s*(?:#.*)?$/.test(head)) return null;
  const last = lines.findLastIndex((line, i) => i >= from && i < to && /^ *- /.test(line));
  const sample = lines[last];
  if (sample === undefined) return null;
  // An item of several lines ends where the list does.
  const lastContent = lines.findLastIndex((line, i) => i >= last && i < to && isContent(line));
  const prefix = ' '.repeat(indentOf(lines.find((line, i) => i >= from && /^ *- /.test(line)) ?? sample));
  return [...lines.slice(0, lastContent + 1), `${prefix}- ${item}`, ...lines.slice(lastContent + 1)].join('\n');
}

function replaced(lines: readonly string[], at: number, line: string): string {
  return [...lines.slice(0, at), line, ...lines.slice(at + 1)].join('\n');
}

function isContent(line: string): boolean {
  return line.trim() !== '' && !line.trimStart().startsWith('#');
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
