// JSON that the store wrote, read back as it was. JSON.parse of V8 13.6 and 14.6 mistakes a key with an escape for one that
// it read before (github.com/nodejs/node/issues/63785): so texts whose keys are users' own (properties, column names) come
// through here, and those with an escape anywhere take the exact reader.

import { plainValue, readJson } from '../../runtime/json-value.ts';

export function readStoredJson(text: string): unknown {
  if (!text.includes('\\')) return JSON.parse(text);
  const read = readJson(text);
  if (read.kind === 'malformed') throw new SyntaxError(read.reason);
  return plainValue(read.value);
}
