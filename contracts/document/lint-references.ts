// `$ref` of a contract stays within the contract: nothing is fetched, and every reference leads somewhere.

import { isJsonObject, type JsonValue } from '../json-schema.ts';
import type { SchemaLint } from './lint-schema.ts';
import type { DocumentPath } from './source-text.ts';

export function lintReference(value: JsonValue, path: DocumentPath, { root, report }: SchemaLint): void {
  if (typeof value !== 'string') {
    report({ rule: 'keyword-value', path, at: 'value', message: '$ref is not text', mend: 'Write `#/$defs/name`.' });
    return;
  }
  if (!value.startsWith('#')) {
    const message = `$ref leaves the contract: ${value.slice(0, 100)}`;
    report({
      rule: 'ref-remote',
      path,
      at: 'value',
      message,
      mend: 'Copy the schema into $defs and refer to `#/$defs/…`: nothing is ever fetched.',
    });
    return;
  }
  const seen = new Set<string>();
  for (let reference: string | null = value; reference !== null;) {
    if (seen.has(reference)) {
      report({
        rule: 'ref-loop',
        path,
        at: 'value',
        message: `$ref ${value} leads back to itself`,
        mend: 'Let one of them describe the value.',
      });
      return;
    }
    seen.add(reference);
    const target = targetOf(root, reference);
    if (target === undefined) {
      const mend = 'Correct the name, or add it under $defs.';
      report({ rule: 'ref-dangling', path, at: 'value', message: `nothing stands at ${reference.slice(0, 100)}`, mend });
      return;
    }
    const next: JsonValue | undefined = isJsonObject(target) ? target['$ref'] : undefined;
    reference = typeof next === 'string' && next.startsWith('#') ? next : null;
  }
}

/** What a JSON pointer in a fragment leads to; undefined when nothing does. */
function targetOf(root: JsonValue, reference: string): JsonValue | undefined {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let value: JsonValue | undefined = root;
  for (const step of reference.slice(2).split('/')) {
    const key = unescaped(step);
    if (key === null) return undefined;
    if (Array.isArray(value)) value = /^\d+$/.test(key) ? value[Number(key)] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

function unescaped(step: string): string | null {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return null;
  }
}
