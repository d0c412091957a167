// A text of a format, or of a kind of personal data: made up, yet of the right form. Telephone numbers and hosts are
// from ranges that are reserved for examples (RFC 2606, RFC 5737, RFC 3849), so that nobody is written to by accident.

import { randomInt, type Random } from '../../../runtime/random.ts';

export function formatText(format: string, random: Random): string | null {
  switch (format) {
    case 'date':
      return dayText(random);
    case 'time-local':
      return clockText(random);
    case 'time':
      return `${clockText(random)}Z`;
    case 'date-time-local':
      return `${dayText(random)}T${clockText(random)}`;
    case 'date-time':
      return `${dayText(random)}T${clockText(random)}Z`;
    case 'duration':
      return `P${randomInt(random, 30) + 1}DT${randomInt(random, 24)}H${randomInt(random, 60)}M${randomInt(random, 60)}S`;
    case 'uuid':
      return uuidText(random, '4');
    case 'email':
    case 'idn-email':
      return `${pick(firstNames, random).toLowerCase()}.${pick(lastNames, random).toLowerCase()}${randomInt(random, 10_000)}@example.org`;
    case 'hostname':
    case 'idn-hostname':
      return `host${randomInt(random, 10_000)}.example.org`;
    case 'ipv4':
      return `192.0.2.${randomInt(random, 256)}`;
    case 'ipv6':
      return `2001:db8::${hex(random, 4)}`;
    case 'uri':
    case 'uri-reference':
    case 'iri':
    case 'iri-reference':
    case 'url':
      return `https://example.org/${pick(words, random)}/${randomInt(random, 10_000)}`;
    case 'json-pointer':
      return `/${pick(words, random)}/${randomInt(random, 10)}`;
    case 'relative-json-pointer':
      return `${randomInt(random, 3)}/${pick(words, random)}`;
    case 'regex':
      return `^${pick(words, random)}$`;
    case 'byte':
      return base64Text(random, randomInt(random, 12));
    default:
      return null;
  }
}

/** By what a column holds (`x-pii`) or is called. */
export function personalText(kind: string, random: Random): string | null {
  switch (kind) {
    case 'email':
      return formatText('email', random);
    case 'phone':
      return `+1202555${digits(random, 4)}`;
    case 'name':
      return `${pick(firstNames, random)} ${pick(lastNames, random)}`;
    case 'ip':
      return formatText('ipv4', random);
    case 'birth-date':
      return `${1940 + randomInt(random, 66)}-${two(randomInt(random, 12) + 1)}-${two(randomInt(random, 28) + 1)}`;
    case 'address':
      return `${randomInt(random, 200) + 1} ${pick(words, random)} street`;
    default:
      return null;
  }
}

export function uuidText(random: Random, version: '1' | '4'): string {
  const variant = pick(['8', '9', 'a', 'b'], random);
  return `${hex(random, 8)}-${hex(random, 4)}-${version}${hex(random, 3)}-${variant}${hex(random, 3)}-${hex(random, 12)}`;
}

export function base64Text(random: Random, bytes: number): string {
  return Buffer.from(Array.from({ length: bytes }, () => randomInt(random, 256))).toString('base64');
}

/** Words to at least `least` and at most `most` characters. */
export function plainText(random: Random, least: number, most: number): string {
  const wanted = Math.min(most, Math.max(least, 3 + randomInt(random, 14)));
  let text = pick(words, random);
  while (text.length < wanted) text += ` ${pick(words, random)}`;
  return text.slice(0, wanted).replace(/ $/, 'e');
}

function dayText(random: Random): string {
  return `${2015 + randomInt(random, 12)}-${two(randomInt(random, 12) + 1)}-${two(randomInt(random, 28) + 1)}`;
}

function clockText(random: Random): string {
  const micros = randomInt(random, 4) === 0 ? `.${digits(random, 6)}` : '';
  return `${two(randomInt(random, 24))}:${two(randomInt(random, 60))}:${two(randomInt(random, 60))}${micros}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function digits(random: Random, length: number): string {
  return Array.from({ length }, () => randomInt(random, 10)).join('');
}

function hex(random: Random, length: number): string {
  return Array.from({ length }, () => randomInt(random, 16).toString(16)).join('');
}

export function pick<T>(from: readonly T[], random: Random): T {
  const chosen = from[randomInt(random, from.length)];
  if (chosen === undefined) throw new RangeError('nothing to pick from');
  return chosen;
}

const firstNames = [
  'Ana',
  'Ben',
  'Chen',
  'Dara',
  'Emil',
  'Fatima',
  'Goran',
  'Hana',
  'Ines',
  'Jon',
  'Kofi',
  'Lucia',
  'Mira',
  'Nils',
  'Olga',
];
const lastNames = [
  'Almeida',
  'Berg',
  'Costa',
  'Dubois',
  'Evans',
  'Fischer',
  'Garcia',
  'Haddad',
  'Ito',
  'Jansen',
  'Kowalski',
  'Lind',
  'Moreau',
];
const words = [
  'river',
  'stone',
  'harbor',
  'amber',
  'cedar',
  'delta',
  'ember',
  'field',
  'grove',
  'haven',
  'inlet',
  'juniper',
  'lagoon',
  'meadow',
];
