// One more item in a list of foz.yaml, as a person would write it: the text around it stays as it is, comments included.
// Gives up (null) where the file is written in a way this does not know; the command then shows what to add.

/** `path`: keys from the top, the last one the list's. `item` is YAML of one line. */
export function withListItem(text: string, path: readonly string[], item: string): string | null {
  const lines = text.split('\n');
  let [from, to, indent] = [0, lines.length, -1];
  for (const key of path) {
    const at = lines.findIndex((line, i) => i >= from && i < to && indentOf(line) > indent && new RegExp(`^ *${key}:( |$)`).test(line));
    const line = lines[at];
    // Only the first level below: a key of the same name deeper down is another.
    if (line === undefined || lines.slice(from, at).some((other) => isContent(other) && indentOf(other) < indentOf(line))) return null;
    indent = indentOf(line);
    from = at + 1;
    const end = lines.findIndex(
      (other, i) => i >= from && isContent(other) && (indentOf(other) < indent || (indentOf(other) === indent && !/^ *- /.test(other))),
    );
    to = end < 0 ? lines.length : Math.min(end, to);
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
