// Where a contract's quality rules and service levels stand in its document, so that a check leads back to its line.

import { readSourceText, type DocumentPath } from '../../contracts/document/source-text.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../contracts/json-schema.ts';

export interface ContractLines {
  /** `path`: of the property within the table, by names; empty: the table. */
  rule(table: string, path: readonly string[], index: number): Place | null;
  level(index: number): Place | null;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Every answer is null for documents of other formats than the Open Data Contract Standard: their parts have other places. */
export function contractLines(text: string, file: string): ContractLines {
  const reading = readSourceText(text, file);
  const root = reading.kind === 'source' ? reading.source.value : null;
  if (reading.kind !== 'source' || !isJsonObject(root) || root['apiVersion'] === undefined) return { rule: () => null, level: () => null };
  const { source } = reading;
  return {
    rule: (table, names, index) => {
      const start = named(root['schema'], table);
      let at: Step | null = start && { element: start.element, path: ['schema', start.index] };
      for (const name of names) {
        const next: Named | null = at && named(at.element['properties'], name);
        at = at && next && { element: next.element, path: [...at.path, 'properties', next.index] };
      }
      return at && source.placeOf([...at.path, 'quality', index]);
    },
    level: (index) => (Array.isArray(root['slaProperties']) ? source.placeOf(['slaProperties', index]) : null),
  };
}

interface Step {
  readonly element: JsonObject;
  readonly path: DocumentPath;
}

interface Named {
  readonly element: JsonObject;
  readonly index: number;
}

function named(list: JsonValue | undefined, name: string): Named | null {
  const items: readonly JsonValue[] = Array.isArray(list) ? list : [];
  const index = items.findIndex((item) => isJsonObject(item) && item['name'] === name);
  const element = items[index];
  return isJsonObject(element) ? { element, index } : null;
}
