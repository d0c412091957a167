// Whether the rules of a body can be enforced at all: what registration would refuse is told while the author is still
// writing. Asked only of a body in which nothing else is wrong, which would be told twice.

import { isJsonSchema, type JsonValue } from '../json-schema.ts';
import { checkKeywords } from '../rules/check-keywords.ts';
import { checkLimits } from '../rules/check-limits.ts';
import { lintRules } from './lint-rules.ts';
import { lintBody, type Report } from './lint-schema.ts';

/** As lintBody; then, when that found no error, what enforcement refuses. */
export function lintEnforceable(body: JsonValue, report: Report): void {
  let hasErrors = false;
  lintBody(body, (finding) => {
    if (lintRules[finding.rule].severity === 'error') hasErrors = true;
    report(finding);
  });
  if (hasErrors || !isJsonSchema(body)) return;
  const limits = checkLimits(body);
  for (const { pointer, keyword, reason } of limits.length > 0 ? limits : checkKeywords(body)) {
    const place = pointer.split('/').slice(1).map(stepOf);
    const path = place.at(-1) === keyword ? place : [...place, keyword];
    report({
      rule: 'not-enforceable',
      path,
      at: 'key',
      message: `${keyword}: ${reason}`,
      mend: 'Say it with other keywords, or as a quality rule.',
    });
  }
}

function stepOf(text: string): string | number {
  const step = text.replaceAll('~1', '/').replaceAll('~0', '~');
  return /^\d+$/.test(step) ? Number(step) : step;
}
