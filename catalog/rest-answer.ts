// What the catalog answered over HTTP, as its services answer in process: a value, or a refusal with its reason.

import { isRecord, isString } from '../lake/iceberg/read-metadata.ts';
import { errorMessage, refusedBy, type RestRequest, type RestResponse } from './rest-http.ts';
import { refusalReasons } from './server/rest-error.ts';
import { refused, type Answer } from './service/answer.ts';

/** Throws CATALOG_REFUSED for what is no refusal of one of our services: another catalog, or no way there. */
export function answerOf(request: Pick<RestRequest, 'method' | 'url'>, response: RestResponse): Answer<unknown> {
  if (response.status === 200) return { kind: 'ok', value: response.body };
  const error = isRecord(response.body) ? response.body['error'] : null;
  const [type, detail] = isRecord(error) ? [error['type'], error['detail']] : [];
  const reason = isString(type) ? refusalReasons.get(type) : undefined;
  if (reason === undefined) throw refusedBy(request, response);
  return refused(reason, errorMessage(response.body), isRecord(detail) ? detail : undefined);
}
