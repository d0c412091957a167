// Servers and service levels of the older specification.

import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { customised, objectAt, omit } from './dcs-keys.ts';
import { serverTypeKeys } from './odcs-server.ts';
import { listAt, textAt } from './property-schema.ts';

export function dcsServers(servers: JsonObject): readonly JsonObject[] {
  return Object.entries(servers)
    .filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]))
    .map(([name, server]) => {
      const type = textAt(server, 'type') ?? 'custom';
      const own = serverTypeKeys(type);
      // A server that the standard does not know, or without what it needs there, is one of the custom kind.
      const isKnown = own !== null && own.needed.every((key) => server[key] !== undefined);
      const keys = isKnown ? [...own.needed, ...own.allowed] : (serverTypeKeys('custom')?.allowed ?? []);
      const common = ['type', 'description', 'environment', 'roles'];
      const roles = listAt(server, 'roles').filter(isJsonObject).map(roleOf);
      const given = Object.fromEntries(Object.entries(server).filter(([key, value]) => keys.includes(key) && isPlain(key, value)));
      const taken = Object.fromEntries(
        Object.entries(given).map(([key, value]) => [key, key === 'location' ? uriOf(String(value)) : value]),
      );
      const odcs: JsonObject = {
        server: name,
        type: isKnown ? type : 'custom',
        ...(typeof server['description'] === 'string' ? { description: server['description'] } : {}),
        ...(typeof server['environment'] === 'string' ? { environment: server['environment'] } : {}),
        ...taken,
        ...(roles.length === 0 ? {} : { roles }),
      };
      return customised(
        odcs,
        omit(server, [...Object.keys(taken).filter((key) => taken[key] === server[key]), ...(isKnown ? common : common.slice(1))]),
      );
    });
}

/** Placeholders such as {model} are no characters of a URI. */
function uriOf(location: string): string {
  return location.replaceAll(/[\s{}<>"\\^`|]/g, encodeURIComponent);
}

function isPlain(key: string, value: JsonValue): boolean {
  return typeof value === 'string' || (key === 'port' && typeof value === 'number');
}

function roleOf(role: JsonObject): JsonObject {
  const description = textAt(role, 'description');
  const odcs = { role: textAt(role, 'name') ?? '', ...(description === null ? {} : { description }) };
  return customised(odcs, omit(role, ['name', 'description']));
}

/** Which key of each service level is its value, and the property it is called in the standard. */
const levels: Readonly<Record<string, readonly [property: string, value: string]>> = {
  availability: ['availability', 'percentage'],
  retention: ['retention', 'period'],
  latency: ['latency', 'threshold'],
  freshness: ['freshness', 'threshold'],
  frequency: ['frequency', 'interval'],
  support: ['timeOfAvailability', 'time'],
  backup: ['backup', 'interval'],
};

export function dcsServiceLevels(given: JsonObject): readonly JsonObject[] {
  return Object.keys(given).map((name) => {
    const level = objectAt(given, name);
    const [property, key] = Object.hasOwn(levels, name) ? (levels[name] ?? [name, 'value']) : [name, 'value'];
    const value = level[key];
    const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
    const element = textAt(level, 'timestampField') ?? textAt(level, 'sourceTimestampField');
    const description = textAt(level, 'description');
    const odcs: JsonObject = {
      property,
      value: scalar,
      ...(element === null ? {} : { element }),
      ...(description === null ? {} : { description }),
    };
    return customised(odcs, omit(level, [key, 'description', ...(element === null ? [] : ['timestampField', 'sourceTimestampField'])]));
  });
}
