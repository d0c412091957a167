// One service level of the Open Data Contract Standard as a measure and what must hold, or why nothing measures it.
// Spec: https://bitol-io.github.io/open-data-contract-standard/ (service-level agreement; its properties are those of the
// "periodic table" of data quality of service).

import type { JsonObject, JsonValue } from '../../contracts/json-schema.ts';
import type { Measure, Threshold } from '../check.ts';
import { durationMs } from './duration-text.ts';

export type LevelReading =
  | { readonly kind: 'level'; readonly measure: Measure; readonly fail: Threshold }
  | { readonly kind: 'notExecuted'; readonly reason: string };

const daySeconds = 86_400;

/** `column`: what the level names besides the table. */
export function readLevel(level: JsonObject, column: string | null): LevelReading {
  const property = levelName(level);
  const reason = Object.hasOwn(notMeasured, property) ? notMeasured[property] : undefined;
  if (reason !== undefined) return { kind: 'notExecuted', reason };
  if (!['freshness', 'latency', 'frequency', 'retention'].includes(property))
    return {
      kind: 'notExecuted',
      reason: `no measure stands for ${String(level['property'])}: expected freshness, latency, frequency or retention`,
    };
  const seconds = secondsOf(level, property);
  if (typeof seconds === 'string') return { kind: 'notExecuted', reason: seconds };
  const fail: Threshold = { operator: 'lessOrEqual', values: [seconds], unit: 'value' };
  return { kind: 'level', measure: measureOf(property, column, seconds), fail };
}

function measureOf(property: string, column: string | null, seconds: number): Measure {
  switch (property) {
    case 'latency':
      // Enough rows to speak of most of them, however seldom they come.
      return { kind: 'latency', quantile: 0.95, overMs: spanMs(seconds) };
    case 'frequency':
      return { kind: 'frequency', overMs: spanMs(seconds) };
    case 'retention':
      return { kind: 'retention', column };
    default:
      return { kind: 'freshness', by: column === null ? 'change' : { column } };
  }
}

/** Ten times what is promised, from an hour to a year. */
function spanMs(seconds: number): number {
  return Math.min(Math.max(seconds * 10, 3600), 366 * daySeconds) * 1000;
}

/** The standard's abbreviations stand for the same. */
function levelName(level: JsonObject): string {
  const said = String(level['property'] ?? '').trim();
  const names: Readonly<Record<string, string>> = {
    ly: 'latency',
    fy: 'frequency',
    re: 'retention',
    ga: 'generalavailability',
    es: 'endofsupport',
    el: 'endoflife',
    av: 'availability',
    th: 'throughput',
    er: 'errorrate',
    tod: 'timetodetect',
    ton: 'timetonotify',
    tor: 'timetorepair',
  };
  const name = said.replaceAll(/[\s_-]/g, '').toLowerCase();
  return Object.hasOwn(names, name) ? (names[name] ?? name) : name;
}

const date = 'a date that people keep: nothing of the table can be measured by it';
const process = 'what people do after a failure is not measured here';
const notMeasured: Readonly<Record<string, string>> = {
  generalavailability: date,
  endofsupport: date,
  endoflife: date,
  timeofavailability: 'a time of day says no age that could be measured: say it as freshness with a schedule',
  availability: 'whether the service can be reached is measured by whoever watches it from outside',
  throughput: 'rows a second are not measured against a promise: a rowCount over a window is',
  errorrate: 'errors of whom is not said: nullValues, invalidValues or sql can be measured',
  timetodetect: process,
  timetonotify: process,
  timetorepair: process,
};

const units: readonly (readonly [names: readonly string[], seconds: number])[] = [
  [['ms', 'millisecond', 'milliseconds'], 0.001],
  [['s', 'sec', 'secs', 'second', 'seconds'], 1],
  [['m', 'min', 'mins', 'minute', 'minutes'], 60],
  [['h', 'hr', 'hrs', 'hour', 'hours'], 3600],
  [['d', 'day', 'days'], daySeconds],
  [['w', 'wk', 'week', 'weeks'], 7 * daySeconds],
  [['mo', 'mon', 'month', 'months'], 30.4375 * daySeconds],
  [['y', 'yr', 'yrs', 'year', 'years'], 365.25 * daySeconds],
];

/** Text: why there are none. */
function secondsOf(level: JsonObject, property: string): number | string {
  const value: JsonValue = level['value'] ?? null;
  const unit = typeof level['unit'] === 'string' ? level['unit'].trim().toLowerCase() : '';
  const amount =
    typeof value === 'number' ? value : typeof value === 'string' && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : null;
  if (amount === null) {
    const said = typeof value === 'string' && unit === '' ? durationSeconds(value.trim()) : null;
    return said ?? `the value ${JSON.stringify(value).slice(0, 60)} is no number with a unit, nor a duration such as PT15M`;
  }
  if (amount < 0) return `${amount} is no time`;
  if (unit === 'm' && property === 'retention') return 'm is minutes to some and months to others: write min or mo';
  const factor = units.find(([names]) => names.includes(unit))?.[1];
  if (factor === undefined)
    return unit === '' ? 'it says no unit: write s, min, h, d, mo or y' : `${unit} is no unit of time: write s, min, h, d, mo or y`;
  return amount * factor;
}

/** `PT15M`, `P1DT12H`, `10m`. */
function durationSeconds(text: string): number | null {
  const ms = durationMs(text);
  if (ms !== null) return ms / 1000;
  const parts = /^P(?=\d|T\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(
    text,
  );
  if (parts === null) return null;
  const factors = [365.25 * daySeconds, 30.4375 * daySeconds, 7 * daySeconds, daySeconds, 3600, 60, 1];
  return factors.reduce((sum, factor, index) => sum + Number(parts[index + 1] ?? 0) * factor, 0);
}
