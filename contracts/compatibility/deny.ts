// A schema that does not hold: one of its keywords is broken, so every keyword is an alternative, exactly as strong as
// the keyword denied. What has no exact denial here (unevaluatedProperties over in-place keywords, maxContains in part)
// is an alternative without facts: no contradiction will be found in it, so nothing false is proved.

import { isJsonObject, type JsonObject, type JsonSchema } from '../json-schema.ts';
import { require, type Alternative } from './affirm.ts';
import { lowerHigh, raiseLow, type Claim, type Facts } from './facts.ts';
import {
  additionalItems,
  additionalProperties,
  keyword,
  numberKeyword,
  schemaKeyword,
  schemaListKeyword,
  schemaMapKeyword,
  textKeyword,
  textList,
  textListKeyword,
  typesOf,
  valuesOf,
} from './keywords.ts';
import { kinds, kindsOfTypes, numberKinds, type Kinds } from './kinds.ts';
import type { SchemaDocument } from './schema-document.ts';

export function* deny(document: SchemaDocument, schema: JsonObject, isAsserted: (format: string) => boolean): Generator<Alternative> {
  const claim = (sub: JsonSchema, holds = false): Claim => ({ document, schema: sub, holds });
  const types = typesOf(schema);
  if (types !== undefined) yield only(~kindsOfTypes(types));
  const values = valuesOf(schema);
  if (values !== undefined) yield { claims: [], add: (facts) => void (facts.excluded = [...facts.excluded, ...values]) };
  yield* denyObject(schema, claim);
  yield* denyNumber(schema);
  yield* denyText(schema, isAsserted);
  yield* denyArray(schema, claim);
  yield* denyInPlace(document, schema, claim);
}

type MakeClaim = (schema: JsonSchema, holds?: boolean) => Claim;

function only(set: Kinds, add: (facts: Facts) => void = () => {}): Alternative {
  return {
    claims: [],
    add: (facts) => {
      facts.kinds &= set;
      add(facts);
    },
  };
}

function* denyNumber(schema: JsonObject): Generator<Alternative> {
  const minimum = numberKeyword(schema, 'minimum');
  if (minimum !== undefined) yield only(numberKinds, (facts) => lowerHigh(facts, minimum, true));
  const above = numberKeyword(schema, 'exclusiveMinimum');
  if (above !== undefined) yield only(numberKinds, (facts) => lowerHigh(facts, above, false));
  const maximum = numberKeyword(schema, 'maximum');
  if (maximum !== undefined) yield only(numberKinds, (facts) => raiseLow(facts, maximum, true));
  const below = numberKeyword(schema, 'exclusiveMaximum');
  if (below !== undefined) yield only(numberKinds, (facts) => raiseLow(facts, below, false));
  const divisor = numberKeyword(schema, 'multipleOf');
  if (divisor !== undefined) yield only(numberKinds, (facts) => void (facts.notMultiples = [...facts.notMultiples, divisor]));
}

function* denyText(schema: JsonObject, isAsserted: (format: string) => boolean): Generator<Alternative> {
  const shortest = numberKeyword(schema, 'minLength') ?? 0;
  if (shortest > 0) yield only(kinds.string, (facts) => void (facts.lengthMax = Math.min(facts.lengthMax, shortest - 1)));
  const longest = numberKeyword(schema, 'maxLength');
  if (longest !== undefined) yield only(kinds.string, (facts) => void (facts.lengthMin = Math.max(facts.lengthMin, longest + 1)));
  const pattern = textKeyword(schema, 'pattern');
  if (pattern !== undefined) yield only(kinds.string, (facts) => void (facts.notPatterns = [...facts.notPatterns, pattern]));
  const format = textKeyword(schema, 'format');
  if (format !== undefined && isAsserted(format))
    yield only(kinds.string, (facts) => void (facts.notFormats = [...facts.notFormats, format]));
}

function* denyArray(schema: JsonObject, claim: MakeClaim): Generator<Alternative> {
  const fewest = numberKeyword(schema, 'minItems') ?? 0;
  if (fewest > 0) yield only(kinds.array, (facts) => void (facts.itemsMax = Math.min(facts.itemsMax, fewest - 1)));
  const most = numberKeyword(schema, 'maxItems');
  if (most !== undefined) yield only(kinds.array, (facts) => void (facts.itemsMin = Math.max(facts.itemsMin, most + 1)));
  if (keyword(schema, 'uniqueItems') === true) yield only(kinds.array, (facts) => void (facts.hasEqualItems = true));
  const prefix = schemaListKeyword(schema, 'prefixItems');
  for (const [index, sub] of prefix.entries()) {
    yield only(kinds.array, (facts) => {
      facts.itemsMin = Math.max(facts.itemsMin, index + 1);
      facts.itemClaims = [...facts.itemClaims, { index, claim: claim(sub) }];
    });
  }
  const rest = additionalItems(schema);
  if (rest !== undefined) {
    yield only(kinds.array, (facts) => {
      facts.itemsMin = Math.max(facts.itemsMin, prefix.length + 1);
      facts.someItem = [...facts.someItem, { from: prefix.length, claim: claim(rest) }];
    });
  } else if (Object.hasOwn(schema, 'unevaluatedItems')) yield only(kinds.array);
  yield* denyContains(schema, claim);
}

function* denyContains(schema: JsonObject, claim: MakeClaim): Generator<Alternative> {
  const contains = schemaKeyword(schema, 'contains');
  if (contains === undefined) return;
  const least = numberKeyword(schema, 'minContains') ?? 1;
  if (least === 1) yield only(kinds.array, (facts) => void (facts.arrays = [...facts.arrays, { prefix: [], rest: claim(contains) }]));
  else if (least > 1)
    yield only(kinds.array, (facts) => void (facts.atMost = [...facts.atMost, { claim: claim(contains, true), count: least - 1 }]));
  const most = numberKeyword(schema, 'maxContains');
  if (most === undefined) return;
  yield only(kinds.array, (facts) => {
    facts.atLeast = [...facts.atLeast, { claim: claim(contains, true), count: most + 1 }];
    facts.itemsMin = Math.max(facts.itemsMin, most + 1);
  });
}

function* denyObject(schema: JsonObject, claim: MakeClaim): Generator<Alternative> {
  for (const name of textListKeyword(schema, 'required')) yield absent(name);
  const properties = schemaMapKeyword(schema, 'properties');
  for (const [name, sub] of Object.entries(properties)) {
    yield {
      claims: [],
      add: (facts) => {
        require(facts, [name]);
        facts.memberClaims = [...facts.memberClaims, { name, claim: claim(sub) }];
      },
    };
  }
  const none = { pattern: null, exceptNames: {}, exceptPatterns: [], name: null, value: null };
  const some = (member: Facts['someMember'][number]): Alternative =>
    only(kinds.object, (facts) => {
      facts.propertiesMin = Math.max(facts.propertiesMin, 1);
      facts.someMember = [...facts.someMember, member];
    });
  const patterns = schemaMapKeyword(schema, 'patternProperties');
  for (const [pattern, sub] of Object.entries(patterns)) yield some({ ...none, pattern, value: claim(sub) });
  const rest = additionalProperties(schema);
  if (rest !== undefined) yield some({ ...none, exceptNames: properties, exceptPatterns: Object.keys(patterns), value: claim(rest) });
  else if (Object.hasOwn(schema, 'unevaluatedProperties')) yield only(kinds.object);
  const names = schemaKeyword(schema, 'propertyNames');
  if (names !== undefined) yield some({ ...none, name: claim(names) });
  const fewest = numberKeyword(schema, 'minProperties') ?? 0;
  if (fewest > 0) yield only(kinds.object, (facts) => void (facts.propertiesMax = Math.min(facts.propertiesMax, fewest - 1)));
  const most = numberKeyword(schema, 'maxProperties');
  if (most !== undefined) yield only(kinds.object, (facts) => void (facts.propertiesMin = Math.max(facts.propertiesMin, most + 1)));
  yield* denyDependents(schema, claim);
}

function absent(name: string): Alternative {
  return only(kinds.object, (facts) => void (facts.forbidden = new Set([...facts.forbidden, name])));
}

function* denyDependents(schema: JsonObject, claim: MakeClaim): Generator<Alternative> {
  const dependent = keyword(schema, 'dependentRequired');
  for (const [name, needs] of isJsonObject(dependent) ? Object.entries(dependent) : []) {
    for (const need of textList(needs)) {
      yield only(kinds.object, (facts) => {
        require(facts, [name]);
        facts.forbidden = new Set([...facts.forbidden, need]);
      });
    }
  }
  for (const [name, sub] of Object.entries(schemaMapKeyword(schema, 'dependentSchemas'))) {
    yield { claims: [claim(sub)], add: (facts) => require(facts, [name]) };
  }
}

function* denyInPlace(document: SchemaDocument, schema: JsonObject, claim: MakeClaim): Generator<Alternative> {
  const reference = textKeyword(schema, '$ref');
  const target = reference === undefined ? undefined : document.resolve(reference);
  if (target !== undefined) yield { claims: [claim(target)] };
  for (const sub of schemaListKeyword(schema, 'allOf')) yield { claims: [claim(sub)] };
  const any = schemaListKeyword(schema, 'anyOf');
  if (any.length > 0) yield { claims: any.map((sub) => claim(sub)) };
  const not = schemaKeyword(schema, 'not');
  if (not !== undefined) yield { claims: [claim(not, true)] };
  const condition = schemaKeyword(schema, 'if');
  if (condition !== undefined) {
    yield { claims: [claim(condition, true), claim(schemaKeyword(schema, 'then') ?? true)] };
    yield { claims: [claim(condition), claim(schemaKeyword(schema, 'else') ?? true)] };
  }
  const one = schemaListKeyword(schema, 'oneOf');
  if (one.length === 0) return;
  yield { claims: one.map((sub) => claim(sub)) };
  for (const [index, sub] of one.entries()) {
    for (const other of one.slice(index + 1)) yield { claims: [claim(sub, true), claim(other, true)] };
  }
}
