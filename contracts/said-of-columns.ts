// What a contract says of a column besides its own two words: of its parts, at any depth and behind references, and what
// alternatives of the row say of it. A struct with an address in it is as private as the address. One answer for the masks of the
// catalog and for the failing rows of checks.
//
// Whatever stands in a column's schema is read, known keyword or not: where it is not sure that something is said of the column's
// values, it is taken to be.

import { inPlaceOf } from './compatibility/schema-document.ts';
import { schemaKeyword } from './compatibility/keywords.ts';
import { localReference } from './export/local-reference.ts';
import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from './json-schema.ts';
import { linearPattern } from './linear-pattern.ts';

export interface SaidOfColumn {
  /** `x-pii`, in the order in which it is met. */
  readonly pii: readonly string[];
  /** `x-classification`, likewise. */
  readonly classifications: readonly string[];
}

export interface SaidOfColumns {
  /** Whatever the row's schema, or an alternative of it, calls a column. */
  readonly names: readonly string[];
  of(name: string): SaidOfColumn;
}

/** Values read for one table; a document has a tenth of that, unless its references fan out. */
export const valuesMax = 1_000_000;
/** Patterns tried; any beyond is taken to match. */
export const patternsMax = 100;
/** Said of what is beyond `valuesMax`. */
const unread = 'unread';

interface Other {
  readonly said: SaidOfColumn;
  isAbout(name: string): boolean;
}

export function saidOfColumns(body: JsonSchema): SaidOfColumns {
  const read = createReader(body);
  const rows = rowSchemas(body);
  const named = new Map<string, JsonValue[]>();
  for (const row of rows)
    for (const [name, schema] of membersOf(row, 'properties')) {
      const schemas = named.get(name);
      if (schemas === undefined) named.set(name, [schema]);
      else schemas.push(schema);
    }
  const others = othersOf(rows, read);
  return {
    names: [...named.keys()],
    of(name) {
      const said = [read(named.get(name) ?? []), ...others.filter(({ isAbout }) => isAbout(name)).map((other) => other.said)];
      return { pii: said.flatMap(({ pii }) => pii), classifications: said.flatMap(({ classifications }) => classifications) };
    },
  };
}

/** Those that speak of the row itself. */
function rowSchemas(body: JsonSchema): ReadonlySet<JsonObject> {
  const found = new Set<JsonObject>();
  const pending = [body];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (!isJsonObject(node) || found.has(node)) continue;
    found.add(node);
    for (const schema of inPlaceOf((reference) => localReference(body, reference), node)) pending.push(schema);
    pending.push(schemaKeyword(node, 'not') ?? true);
  }
  return found;
}

/** What is said of columns that are not named where it is said. */
function othersOf(rows: ReadonlySet<JsonObject>, read: Reader): readonly Other[] {
  const others: Other[] = [];
  let patterns = 0;
  for (const row of rows) {
    for (const [source, schema] of membersOf(row, 'patternProperties')) {
      const said = read([schema]);
      if (isNothing(said)) continue;
      const pattern = ++patterns > patternsMax ? null : linearPattern(source);
      others.push({ said, isAbout: (name) => pattern?.kind !== 'pattern' || pattern.test(name) });
    }
    const said = read([row['additionalProperties'] ?? true, row['unevaluatedProperties'] ?? true]);
    if (isNothing(said)) continue;
    const own = new Set(membersOf(row, 'properties').map(([name]) => name));
    others.push({ said, isAbout: (name) => !own.has(name) });
  }
  return others;
}

type Reader = (schemas: readonly JsonValue[]) => SaidOfColumn;

function createReader(body: JsonSchema): Reader {
  let left = valuesMax;
  return (schemas) => {
    const [pii, classifications]: [string[], string[]] = [[], []];
    const seen = new Set<JsonObject>();
    const pending = schemas.toReversed();
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      if (--left < 0) return { pii: [unread], classifications: [unread] };
      if (Array.isArray(value)) for (const item of value.toReversed()) pending.push(item);
      if (!isJsonObject(value) || seen.has(value)) continue;
      seen.add(value);
      if (typeof value['x-pii'] === 'string') pii.push(value['x-pii']);
      if (typeof value['x-classification'] === 'string') classifications.push(value['x-classification']);
      for (const part of Object.values(value).toReversed()) pending.push(part);
      const target = typeof value['$ref'] === 'string' ? localReference(body, value['$ref']) : undefined;
      if (target !== undefined) pending.push(target);
    }
    return { pii, classifications };
  };
}

function isNothing({ pii, classifications }: SaidOfColumn): boolean {
  return pii.length === 0 && classifications.length === 0;
}

function membersOf(schema: JsonObject, keyword: string): readonly (readonly [string, JsonValue])[] {
  const members = schema[keyword];
  return isJsonObject(members) ? Object.entries(members) : [];
}
