// A strict little reader of XML 1.0 for tests: it takes elements, attributes, text and references, and throws at everything
// that is not well-formed.

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Of this element alone. */
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function readXml(document: string): XmlElement {
  if (!/^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u.test(document))
    throw new SyntaxError('a character that XML has not');
  const body = document.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/, '');
  const stack: { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string }[] = [];
  let root: XmlElement | null = null;
  let at = 0;
  for (const tag of body.matchAll(/<[^<>]*>/g)) {
    addText(body.slice(at, tag.index));
    at = tag.index + tag[0].length;
    const close = /^<\/([\w-]+)>$/.exec(tag[0]);
    const open = /^<([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>$/.exec(tag[0]);
    if (close) end(close[1] ?? '');
    else if (open) {
      const attributes = [...(open[2] ?? '').matchAll(/ ([\w-]+)="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, text(value, true)] as const,
      );
      if (new Set(attributes.map(([name]) => name)).size < attributes.length) throw new SyntaxError(`an attribute twice in ${tag[0]}`);
      stack.push({ name: open[1] ?? '', attributes: Object.fromEntries(attributes), children: [], text: '' });
      if (open[3] === '/') end(open[1] ?? '');
    } else throw new SyntaxError(`no tag: ${tag[0]}`);
  }
  if (stack.length > 0 || root === null || body.slice(at).trim() !== '') throw new SyntaxError('the document does not end');
  return root;

  function addText(raw: string): void {
    const top = stack.at(-1);
    const value = text(raw, false);
    if (top) top.text += value;
    else if (value.trim() !== '') throw new SyntaxError('text outside of the root');
  }

  function end(name: string): void {
    const done = stack.pop();
    if (done?.name !== name) throw new SyntaxError(`</${name}> closes ${done?.name ?? 'nothing'}`);
    const parent = stack.at(-1);
    if (parent) parent.children.push(done);
    else if (root !== null) throw new SyntaxError('two roots');
    else root = done;
  }
}

/** Spec: § 2.11 line ends, § 3.3.3 white space in attributes, § 4.1 references. */
function text(raw: string, isAttribute: boolean): string {
  if (raw.includes('>') || raw.includes('<')) throw new SyntaxError(`a sign that stands for itself: ${raw}`);
  const lines = raw.replaceAll(/\r\n?/g, '\n');
  const spaced = isAttribute ? lines.replaceAll(/[\t\n]/g, ' ') : lines;
  return spaced.replaceAll(/&([^;]*);?/g, (reference, name: string) => {
    const number = /^#(\d+)$/.exec(name)?.[1];
    const value = number === undefined ? entities[name] : String.fromCodePoint(Number(number));
    if (value === undefined || !reference.endsWith(';')) throw new SyntaxError(`no reference: ${reference}`);
    return value;
  });
}
