// The formats that are asserted, one list for every judge: DuckDB matches these patterns with RE2, the validator with
// re2js, so a text has a format for both or for neither. A format that a regular expression cannot say is not here.
// Specs: RFC 3339 (dates), 4122 (uuid), 5321 (email, without quoted local parts), 1123 (hostname), 3986 (uri).

import { linearMatcher } from './linear-pattern.ts';

export interface TextFormat {
  /** RE2; anchored. */
  readonly pattern: string;
  /** In code points. */
  readonly lengthMax?: number;
}

const leapYear = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const monthDay = '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))';
const date = `(?:[0-9]{4}-${monthDay}|${leapYear}-02-29)`;
const clock = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?';
const offset = '(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])';
/** A leap second is one in UTC only; with another offset it is refused. */
const time = `(?:${clock}${offset}|23:59:60(?:\\.[0-9]+)?[Zz])`;
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = `${byte}(?:\\.${byte}){3}`;
const h16 = '[0-9A-Fa-f]{1,4}';
const ls32 = `(?:${h16}:${h16}|${ipv4})`;
const ipv6 = [
  `(?:${h16}:){6}${ls32}`,
  `::(?:${h16}:){5}${ls32}`,
  `(?:${h16})?::(?:${h16}:){4}${ls32}`,
  `(?:(?:${h16}:){0,1}${h16})?::(?:${h16}:){3}${ls32}`,
  `(?:(?:${h16}:){0,2}${h16})?::(?:${h16}:){2}${ls32}`,
  `(?:(?:${h16}:){0,3}${h16})?::${h16}:${ls32}`,
  `(?:(?:${h16}:){0,4}${h16})?::${ls32}`,
  `(?:(?:${h16}:){0,5}${h16})?::${h16}`,
  `(?:(?:${h16}:){0,6}${h16})?::`,
].join('|');
const uriCharacter = "(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})";
const uriTail = `(?:\\[[0-9A-Fa-f:.]+\\](?::[0-9]*)?(?:[/?]${uriCharacter}*)?|(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@\\[[0-9A-Fa-f:.]+\\](?::[0-9]*)?(?:[/?]${uriCharacter}*)?)`;
const uriBody = `(?://${uriTail}|${uriCharacter}*)`;
const fragment = `(?:#${uriCharacter}*)?`;
const dateDuration = '(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)';
// PostgreSQL's connector writes every part, with fractions and signs: P1Y2M3DT4H5M6.789S.
const timeDuration = 'T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)';
const anyPart = (unit: string): string => `(?:-?[0-9]+(?:\\.[0-9]+)?${unit})`;
const sourceInterval = `${anyPart('Y')}${anyPart('M')}${anyPart('D')}T${anyPart('H')}${anyPart('M')}${anyPart('S')}`;

export const textFormats: ReadonlyMap<string, TextFormat> = new Map<string, TextFormat>([
  ['date', whole(date)],
  ['time', whole(time)],
  ['time-local', whole(clock)],
  ['date-time', whole(`${date}[Tt]${time}`)],
  ['date-time-local', whole(`${date}[Tt]${clock}`)],
  ['duration', whole(`P(?:${sourceInterval}|${dateDuration}(?:${timeDuration})?|${timeDuration}|[0-9]+W)`)],
  ['uuid', whole('[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}')],
  ['email', { ...whole(`${atom}(?:\\.${atom})*@${label}(?:\\.${label})*`), lengthMax: 254 }],
  ['hostname', { ...whole(`${label}(?:\\.${label})*`), lengthMax: 253 }],
  ['ipv4', whole(ipv4)],
  ['ipv6', whole(ipv6)],
  ['uri', whole(`[A-Za-z][A-Za-z0-9+.-]*:${uriBody}${fragment}`)],
  ['uri-reference', whole(`(?:[A-Za-z][A-Za-z0-9+.-]*:${uriBody}|${uriBody})${fragment}`)],
  ['json-pointer', whole('(?:/(?:[^~/]|~0|~1)*)*')],
  ['relative-json-pointer', whole('(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)')],
  ['byte', whole('(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?')],
]);

/** Formats that say how a value is meant, not which values there are. */
export const annotationFormats: ReadonlySet<string> = new Set(['binary', 'password', 'float', 'double', 'int32', 'int64']);

/** `s`: a line break is a character like others. */
function whole(pattern: string): TextFormat {
  return { pattern: `(?s)\\A(?:${pattern})\\z` };
}

/** Tells whether a text has the format. */
export function formatMatcher(format: TextFormat): (text: string) => boolean {
  // Compiled when first asked: a schema uses few of the formats.
  let matches: ((text: string) => boolean) | null = null;
  const { lengthMax = Number.MAX_SAFE_INTEGER } = format;
  return (text) => {
    matches ??= linearMatcher(format.pattern);
    return (text.length <= lengthMax || Array.from(text).length <= lengthMax) && matches(text);
  };
}
