// Objects that facts describe: with as few members as possible, with each optional one, with all of them.

import { randomInt } from '../../runtime/random.ts';
import type { JsonValue } from '../json-schema.ts';
import type { Builder } from './build-values.ts';
import { evaluate } from './evaluate.ts';
import type { Claim, Facts, SomeMember } from './facts.ts';
import { additionalProperties, schemaMapKeyword } from './keywords.ts';
import type { Columns } from './known-columns.ts';
import { mayBeCalled, memberClaims, requiredNames } from './members.ts';
import { patternSamples } from './sample-text.ts';

/** Members of an object that is built. */
const membersMax = 2_000;
const valuesOfFocus = 6;

export function* sampleObjects(builder: Builder, facts: Facts, columns: Columns, depth: number): Generator<JsonValue> {
  const world = { builder, facts, columns, depth };
  // Where a member that a denial speaks of can have no value, the others need not be looked at.
  if (facts.memberClaims.some(({ name }) => valuesOf(world, name, [], 2).length === 0)) return;
  for (const name of facts.forbidden) if (facts.required.has(name)) return;
  const required = [...requiredNames(facts)];
  if (required.length > membersMax || required.length > facts.propertiesMax) return;
  const optional = optionalNames(world, required);
  const chosen = facts.someMember.length === 0 ? [[]] : callSome(world, facts.someMember);
  for (const some of chosen) {
    const minimal = fill(world, [...some.map(({ name }) => name), ...required], some);
    if (minimal === null) continue;
    const enough = padTo(world, minimal, facts.propertiesMin, optional);
    yield* variants(world, enough ?? minimal, optional, some);
  }
}

interface World {
  readonly builder: Builder;
  readonly facts: Facts;
  readonly columns: Columns;
  readonly depth: number;
}

type Members = ReadonlyMap<string, JsonValue>;

interface Named {
  readonly name: string;
  readonly claim: Claim | null;
}

function* variants(world: World, base: Members, optional: readonly string[], some: readonly Named[]): Generator<JsonValue> {
  const { builder, facts } = world;
  if (builder.random !== null) {
    const chance = builder.random.next();
    const drawn = optional.filter(() => (builder.random?.next() ?? 0) < chance);
    yield toObject(extend(world, base, drawn));
  }
  yield toObject(base);
  // Other values of the members that a denial speaks of.
  for (const name of new Set([...facts.memberClaims.map((member) => member.name), ...some.map((member) => member.name)])) {
    for (const value of valuesOf(world, name, some, valuesOfFocus).slice(1)) yield toObject(new Map([...base, [name, value]]));
  }
  for (const name of facts.required.size <= 8 ? facts.required : []) {
    for (const value of valuesOf(world, name, some, 4).slice(1)) yield toObject(new Map([...base, [name, value]]));
  }
  for (const name of optional.slice(0, 40)) yield toObject(extend(world, base, [name]));
  yield toObject(extend(world, base, optional));
}

function toObject(members: Members): JsonValue {
  return Object.fromEntries(members);
}

function valuesOf({ builder, facts, columns, depth }: World, name: string, some: readonly Named[], count: number): readonly JsonValue[] {
  const extra = some
    .filter((member) => member.name === name && member.claim !== null)
    .flatMap(({ claim }) => (claim === null ? [] : [claim]));
  return builder.part([...memberClaims(builder.judges, facts, name), ...extra], columns.property(name), depth + 1, count);
}

/** null when one of the names can have no value. */
function fill(world: World, names: readonly string[], some: readonly Named[]): Members | null {
  const members = new Map<string, JsonValue>();
  for (const name of names) {
    const values = valuesOf(world, name, some, 2);
    const value = world.builder.random === null ? values[0] : values[randomInt(world.builder.random, Math.max(values.length, 1))];
    if (value === undefined) return null;
    members.set(name, value);
  }
  return members;
}

function extend(world: World, base: Members, names: readonly string[]): Members {
  const members = new Map(base);
  for (const name of names) {
    if (members.has(name) || members.size >= world.facts.propertiesMax || members.size >= membersMax) continue;
    const values = valuesOf(world, name, [], 2);
    const value = world.builder.random === null ? values[0] : values[randomInt(world.builder.random, Math.max(values.length, 1))];
    if (value !== undefined) members.set(name, value);
  }
  return members;
}

function padTo(world: World, base: Members, count: number, optional: readonly string[]): Members | null {
  if (base.size >= count) return base;
  if (count > membersMax) return null;
  const members = new Map(base);
  const fresh = freshNames(world, count * 2 + 2);
  for (const name of [...optional, ...fresh]) {
    if (members.size >= count) break;
    const value = valuesOf(world, name, [], 1)[0];
    if (value !== undefined) members.set(name, value);
  }
  return members;
}

function optionalNames({ builder, facts, columns }: World, required: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const { node } of facts.shapes) for (const name of Object.keys(schemaMapKeyword(node, 'properties'))) names.add(name);
  if (columns.isClosed) for (const name of columns.names) names.add(name);
  for (const name of required) names.delete(name);
  const possible = [...names].filter((name) => mayName(builder, facts, columns, name));
  return builder.random === null ? possible : [...possible, ...freshNames({ builder, facts, columns, depth: 0 }, 2)];
}

function mayName(builder: Builder, facts: Facts, columns: Columns, name: string): boolean {
  if (facts.forbidden.has(name) || !columns.knows(name)) return false;
  return facts.names.every((claim) => evaluate(builder.judges, claim.document, claim.schema, name) !== !claim.holds);
}

/** Names that no schema mentions, or that its patterns ask for. */
function freshNames({ builder, facts, columns, depth }: World, count: number): readonly string[] {
  const names = new Set<string>();
  const patterns = facts.shapes.flatMap(({ node }) => Object.keys(schemaMapKeyword(node, 'patternProperties')));
  for (const pattern of [...patterns, ...columns.patterns])
    for (const length of [1, 2, 3]) for (const name of patternSamples(pattern, length, builder.random)) names.add(name);
  const isOpen = facts.shapes.every(({ node }) => additionalProperties(node) !== false);
  if (isOpen) for (let index = 0; index < Math.min(count, membersMax * 2); index += 1) names.add(`extra${index === 0 ? '' : index}`);
  if (facts.names.length > 0) {
    for (const value of builder.part([...facts.names], columns.property(''), depth + 1, count))
      if (typeof value === 'string') names.add(value);
  }
  return [...names].filter((name) => mayName(builder, facts, columns, name));
}

/** A name for each member that must exist somewhere; a few ways to choose them. */
function callSome(world: World, some: readonly SomeMember[]): readonly (readonly Named[])[] {
  const { builder, facts, columns } = world;
  const options = some.map((member) => {
    const known = [
      ...facts.required,
      ...facts.shapes.flatMap(({ node }) => Object.keys(schemaMapKeyword(node, 'properties'))),
      ...(columns.isClosed ? columns.names : []),
    ];
    const patterned =
      member.pattern === null ? [] : [1, 2, 4].flatMap((length) => patternSamples(member.pattern ?? '', length, builder.random));
    const asked =
      member.name === null
        ? []
        : builder.part([member.name, ...facts.names], columns.property(''), world.depth + 1, 12).filter((name) => typeof name === 'string');
    const fresh = freshNames(world, 3);
    const names = new Set([...patterned, ...asked, ...fresh, ...known]);
    return [...names]
      .filter((name) => mayBeCalled(builder.judges, member, name) && mayName(builder, facts, columns, name))
      .slice(0, 60)
      .map((name): Named => ({ name, claim: member.value }));
  });
  const most = Math.min(60, Math.max(...options.map((names) => names.length)));
  const ways: Named[][] = [];
  for (let way = 0; way < most; way += 1) ways.push(options.flatMap((names) => names[Math.min(way, names.length - 1)] ?? []));
  return ways.filter((way) => way.length === some.length);
}
