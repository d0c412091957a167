// How the levels of a namespace are joined in a path: by the unit separator, `%1F`, unless another is configured, because a
// proxy in between refuses control characters. Clients read it from /v1/config; those of older versions do not, so `%1F` is
// understood in any case. It is replaced in the address as it was sent, before decoding: a dot in a name is sent as it is and
// only a separator as `%2E`, so the two are never mistaken. In the query, where clients send either as it is, both separate.
// Spec: open-api parameters `namespace`, `parent`

import { LakeError } from '../../runtime/errors.ts';

export const unitSeparator = '%1F';

/** Slash, percent, and what addresses are cut at would be read as something else before we see them. */
const usable = /^%(?!2F|25|3F|23|26|3D|00)[0-7][0-9A-F]$/i;
const inPath = /^\/v1\/namespaces\/[^/?]*/;
const inQuery = /[?&]parent=[^&]*/;

/** From the address of a request to the one whose separators are units. Throws CONFIG_INVALID. */
export function unitSeparated(separator: string): (url: string) => string {
  if (!usable.test(separator))
    throw new LakeError('CONFIG_INVALID', `the namespace separator ${JSON.stringify(separator)} cannot be used: say one as %1F or %2E`);
  if (separator.toUpperCase() === unitSeparator) return (url) => url;
  const pattern = new RegExp(separator, 'gi');
  const character = decodeURIComponent(separator);
  const replaced = (part: string): string => part.replaceAll(pattern, unitSeparator);
  return (url) => url.replace(inPath, replaced).replace(inQuery, (parent) => replaced(parent).replaceAll(character, unitSeparator));
}
