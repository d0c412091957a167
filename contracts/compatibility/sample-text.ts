// Texts worth trying: as short and as long as allowed, with the formats and patterns that are asked for.

import { randomInt, type Random } from '../../runtime/random.ts';
import type { Facts } from './facts.ts';
import { parsePattern, type PatternNode } from './pattern-syntax.ts';

/** Longer texts are not built. */
const lengthMax = 20_000;

export function sampleTexts(facts: Facts, random: Random | null): readonly string[] {
  const lengths = wantedLengths(facts, random);
  const found = new Set<string>();
  for (const format of facts.formats) {
    for (const text of formatSamples[format] ?? []) found.add(text);
    for (const length of lengths) for (const text of stretched(format, length)) found.add(text);
  }
  for (const pattern of facts.patterns)
    for (const length of lengths) for (const text of patternSamples(pattern, length, random)) found.add(text);
  for (const length of lengths) found.add('a'.repeat(length));
  for (const format of facts.notFormats) for (const text of formatSamples[format] ?? []) found.add(`${text} `);
  if (facts.formats.length === 0 && facts.patterns.length === 0) {
    for (const text of ['', ' ', '0', 'A', 'é', '-', '2024-02-29', 'a@b.example', '\u{1F600}']) found.add(text);
    for (const pattern of facts.notPatterns)
      for (const text of patternSamples(pattern, lengths[0] ?? 0, random)) for (const near of nearMisses(text)) found.add(near);
    for (const length of lengths) for (const character of ['0', 'A', '~', '\u{1F600}']) found.add(character.repeat(length));
  }
  return [...found];
}

/** Texts that differ a little from one that matches. */
function nearMisses(text: string): readonly string[] {
  return [`${text}~`, `~${text}`, text.slice(0, -1), text.slice(1), text.toUpperCase(), text.toLowerCase(), `${text}${text}`, ` ${text}`];
}

function wantedLengths({ lengthMin, lengthMax: longest }: Facts, random: Random | null): readonly number[] {
  const usual = [lengthMin, longest, lengthMin + 1, Math.min(longest, Math.max(lengthMin, 8))];
  if (random !== null && lengthMin < longest) usual.push(lengthMin + randomInt(random, Math.min(longest - lengthMin, 40) + 1));
  return [...new Set(usual.filter((length) => length >= lengthMin && length <= longest && length <= lengthMax))];
}

/** A text of a format that is as long as wanted, where the format has room. */
function stretched(format: string, length: number): readonly string[] {
  const fill = (before: string, after: string): readonly string[] =>
    length > before.length + after.length ? [before + 'a'.repeat(length - before.length - after.length) + after] : [];
  if (format === 'email') return fill('', '@b.example');
  if (format === 'uri') return fill('urn:', '');
  if (format === 'uri-reference' || format === 'json-pointer') return fill('/', '');
  if (format === 'hostname') return [Array.from({ length }, (_, index) => (index % 60 === 59 && index < length - 1 ? '.' : 'a')).join('')];
  if (format === 'date-time' && length > 21) return [`2024-02-29T10:15:00.${'1'.repeat(length - 21)}Z`];
  return format === 'date-time-local' && length > 20 ? [`2024-02-29T10:15:00.${'1'.repeat(length - 20)}`] : [];
}

export const formatSamples: Readonly<Record<string, readonly string[]>> = {
  date: ['2024-02-29', '1970-01-01', '9999-12-31', '0001-01-01'],
  time: ['10:15:00Z', '23:59:59.999999Z', '00:00:00+02:00'],
  'time-local': ['10:15:00', '23:59:59.999999'],
  'date-time': ['2024-02-29T10:15:00Z', '1970-01-01T00:00:00.000001Z', '9999-12-31T23:59:59+02:00'],
  'date-time-local': ['2024-02-29T10:15:00', '1970-01-01T00:00:00.000001'],
  'iso-time': ['10:15:00', '10:15:00Z'],
  'iso-date-time': ['2024-02-29T10:15:00', '2024-02-29T10:15:00Z'],
  duration: ['P1D', 'PT0S', 'P1Y2M3DT4H5M6S'],
  email: ['a@b.example', 'first.last@example.com'],
  'idn-email': ['a@b.example'],
  hostname: ['example.com', 'a'],
  'idn-hostname': ['example.com'],
  ipv4: ['127.0.0.1', '255.255.255.255'],
  ipv6: ['::1', '2001:db8::ff00:42:8329'],
  uri: ['https://example.com/a?b=c#d', 'urn:a:b'],
  'uri-reference': ['/a', 'https://example.com/'],
  'uri-template': ['/a/{b}'],
  iri: ['https://example.com/'],
  'iri-reference': ['/a'],
  uuid: ['123e4567-e89b-12d3-a456-426614174000', '00000000-0000-0000-0000-000000000000'],
  'json-pointer': ['/a/b', ''],
  'relative-json-pointer': ['0', '1/a'],
  regex: ['^a+$', ''],
  byte: ['YQ==', ''],
};

/** Texts that match, as far as the syntax is understood; about as long as wanted where it leaves room. */
export function patternSamples(source: string, length: number, random: Random | null): readonly string[] {
  const syntax = parsePattern(source);
  if (syntax === null) return [];
  const draw = (index: number, count: number): number => (random === null ? index % count : randomInt(random, count));
  const samples: string[] = [];
  for (const variant of [0, 1, 2]) {
    const writer = { left: length, parts: 0, text: noText() };
    write(syntax.node, writer, (count) => draw(variant, count), variant);
    samples.push(writer.text.join(''));
  }
  const fill = (text: string): string => text + 'a'.repeat(Math.max(0, Math.min(length, lengthMax) - [...text].length));
  if (!syntax.endsAtEnd) samples.push(...samples.map(fill));
  return samples;
}

interface Writer {
  /** Characters still wanted. */
  left: number;
  parts: number;
  readonly text: string[];
}

const partsMax = 30_000;

function write(node: PatternNode, writer: Writer, draw: (count: number) => number, variant: number): void {
  writer.parts += 1;
  if (writer.parts > partsMax) return;
  if (node.kind === 'class') {
    const [from, to] = node.ranges[draw(node.ranges.length)] ?? [97, 97];
    writer.text.push(String.fromCodePoint(from + draw(to - from + 1)));
    writer.left -= 1;
  } else if (node.kind === 'sequence') for (const part of node.parts) write(part, writer, draw, variant);
  else if (node.kind === 'choice') {
    const part = node.parts[draw(node.parts.length)];
    if (part !== undefined) write(part, writer, draw, variant);
  } else if (node.kind === 'repeat') repeat(node, writer, draw, variant);
}

function repeat(node: PatternNode & { kind: 'repeat' }, writer: Writer, draw: (count: number) => number, variant: number): void {
  // The second variant repeats as little as it may.
  const most = variant === 1 ? node.min : Math.min(node.max, lengthMax);
  for (let count = 0; count < most && (count < node.min || writer.left > 0); count += 1) {
    const before = writer.text.length;
    write(node.part, writer, draw, variant);
    if (writer.text.length === before) return;
  }
}

function noText(): string[] {
  return [];
}
