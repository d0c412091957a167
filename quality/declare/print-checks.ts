// Checks of one table as a file that reads back as the same checks: what a default says is left out.

import { isDeepStrictEqual } from 'node:util';
import { yamlText } from '../../contracts/document/source-text.ts';
import type { JsonObject, JsonValue } from '../../contracts/json-schema.ts';
import { assert } from '../../runtime/errors.ts';
import type { Check, Threshold } from '../check.ts';
import { measureUnit } from '../measure-unit.ts';
import { measureName } from './check-name.ts';
import { defaultDimension, defaultFail, defaultView, defaultWhen, samplesDefault } from './defaults.ts';
import { forms } from './forms/forms.ts';
import { showsRows } from './quality-schema.ts';
import { thresholdText } from './threshold-text.ts';
import { whenText } from './when-text.ts';

export function printChecks(table: string, checks: readonly Check[]): string {
  return yamlText({ table, checks: checks.map(printCheck) });
}

function printCheck(check: Check): JsonObject {
  const { measure, fail, warn } = check;
  for (const form of forms) {
    const said = form.print(measure);
    if (said === null) continue;
    const unit = measureUnit(measure);
    const must = form.value === 'must' ? { [form.key]: thresholdValue(fail, unit) } : mustKey(check);
    return {
      ...(form.value === 'must' ? { ...must, ...said } : { ...said, ...must }),
      ...(warn === null ? {} : { should: thresholdValue(warn, unit) }),
      ...(check.filter === null ? {} : { where: check.filter }),
      ...(check.name === measureName(measure) ? {} : { name: check.name }),
      ...(check.view === defaultView(measure) ? {} : { view: check.view }),
      ...(check.scope === 'all' ? {} : { scope: check.scope }),
      ...(check.severity === 'error' ? {} : { severity: check.severity }),
      ...(check.dimension === null || check.dimension === defaultDimension(measure) ? {} : { dimension: check.dimension }),
      ...(isDeepStrictEqual(check.when, defaultWhen(measure)) ? {} : { when: whenText(check.when) }),
      ...(check.samplesMax === samplesDefault || !showsRows(form) ? {} : { samples: check.samplesMax }),
      ...(check.engine === 'duckdb' ? {} : { engine: check.engine }),
      ...(check.description === null ? {} : { description: check.description }),
      ...(check.owner === null ? {} : { owner: check.owner }),
      ...(check.tags.length === 0 ? {} : { tags: check.tags }),
    };
  }
  assert(false, `nothing writes a measure of kind ${measure.kind}`);
}

/** Without a `should`, the default goes without saying; with one, that nothing can fail it does. */
function mustKey({ measure, fail, warn }: Check): JsonObject {
  const silent: Threshold | null | undefined = warn === null ? defaultFail(measure) : null;
  return isDeepStrictEqual(fail, silent) ? {} : { must: thresholdValue(fail, measureUnit(measure)) };
}

function thresholdValue(threshold: Threshold | null, unit: Parameters<typeof thresholdText>[1]): JsonValue {
  const text = thresholdText(threshold, unit);
  return /^-?[0-9]{1,15}$/.test(text) ? Number(text) : text;
}
