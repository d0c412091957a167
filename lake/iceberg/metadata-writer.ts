// Metadata as the text of its file, at the cost of what changed: from one commit to the next nearly every snapshot is the
// same object, because metadata is never mutated, so its text is remembered beside it for as long as it lives. A table with
// hundreds of snapshots is written by putting their texts one after the other.

import { stringifyJson } from './json.ts';

export interface MetadataWriter {
  /** Joined, they are what stringifyJson makes of it. Nothing in `metadata` may be changed afterwards. */
  parts(metadata: object): readonly string[];
}

/** `remembered`: the member that is a long list of objects which stay from one metadata to the next. */
export function metadataWriter(remembered: string): MetadataWriter {
  const texts = new WeakMap<object, string>();
  const textOf = (element: unknown): string => {
    if (typeof element !== 'object' || element === null) return stringifyJson([element]).slice(1, -1);
    const known = texts.get(element);
    if (known !== undefined) return known;
    const text = stringifyJson(element);
    texts.set(element, text);
    return text;
  };
  return {
    parts(metadata) {
      const { [remembered]: list, ...rest }: Readonly<Record<string, unknown>> = { ...metadata };
      if (!Array.isArray(list) || list.length === 0) return [stringifyJson(metadata)];
      const others = stringifyJson(rest);
      const parts = [others.slice(0, -1), others === '{}' ? '' : ',', `${JSON.stringify(remembered)}:[`];
      for (const element of list) parts.push(textOf(element), ',');
      parts[parts.length - 1] = ']}';
      return parts;
    },
  };
}
