// PostgreSQL's plane figures: the server prints them as text, the connector sends points as {x, y}, lines as {a, b, c} and
// the rest as well-known binary. Canonical: the list of their points.

import { doubleText, unexpected } from './canonical.ts';
import { isJsonObject } from './exact-json.ts';

export type GeometryType = 'point' | 'line' | 'lseg' | 'box' | 'path' | 'polygon' | 'circle';

const geometryTypes: ReadonlySet<string> = new Set(['point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle']);

export function isGeometryType(name: string): name is GeometryType {
  return geometryTypes.has(name);
}

export function geometryFromText(type: GeometryType, text: string): string {
  const numbers = text.match(/[^\s()[\]{}<>,]+/g) ?? [];
  if (type === 'line') return numbers.length === 3 ? `{${numbers.map(doubleText).join(',')}}` : unexpected(text);
  if (type === 'circle') {
    const [x, y, radius] = numbers;
    return radius === undefined ? unexpected(text) : `<${pointText(x, y)},${doubleText(radius)}>`;
  }
  if (numbers.length === 0 || numbers.length % 2 !== 0) return unexpected(text);
  const points = Array.from({ length: numbers.length / 2 }, (_, index) => pointText(numbers[2 * index], numbers[2 * index + 1]));
  return figure(type, points, !text.startsWith('['));
}

export function geometryFromEvent(type: GeometryType, value: unknown): string {
  if (!isJsonObject(value)) return unexpected(value);
  if (type === 'point') return pointText(value['x'], value['y']);
  if (type === 'line') return `{${[value['a'], value['b'], value['c']].map(doubleText).join(',')}}`;
  if (type === 'circle') {
    const { center, radius } = value;
    return isJsonObject(center) ? `<${pointText(center['x'], center['y'])},${doubleText(radius)}>` : unexpected(value);
  }
  const points = pointsOf(value['wkb']);
  if (points === null) return unexpected(value);
  const extensions = value['extensions'];
  const isClosed = isJsonObject(extensions) && String(extensions['closed']) === 'true';
  // A ring repeats its first point at its end; a box is the ring of its four corners, of which the server prints two.
  if (type === 'box') return figure(type, [points[0] ?? '', points[2] ?? ''], false);
  return figure(type, type === 'polygon' ? points.slice(0, -1) : points, isClosed);
}

function figure(type: GeometryType, points: readonly string[], isClosed: boolean): string {
  if (type === 'point') return points.join(',');
  return type === 'path' && !isClosed ? `[${points.join(',')}]` : `(${points.join(',')})`;
}

function pointText(x: unknown, y: unknown): string {
  return `(${doubleText(x)},${doubleText(y)})`;
}

/** Well-known binary, little-endian: a line string (2), or a polygon of one ring (3). */
function pointsOf(base64: unknown): readonly string[] | null {
  if (typeof base64 !== 'string') return null;
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length < 9 || bytes[0] !== 1) return null;
  const kind = bytes.readUInt32LE(1);
  const start = kind === 3 ? 9 : 5;
  if ((kind !== 2 && kind !== 3) || bytes.length < start + 4) return null;
  const count = bytes.readUInt32LE(start);
  if (bytes.length !== start + 4 + 16 * count) return null;
  return Array.from({ length: count }, (_, index) => {
    const at = start + 4 + 16 * index;
    return pointText(bytes.readDoubleLE(at), bytes.readDoubleLE(at + 8));
  });
}
