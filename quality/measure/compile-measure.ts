// A measure as parts of one SELECT over the rows that a check looks at: aggregates that all checks of a view share one
// pass for, relations to join for references, and the condition of the rows that are wrong, for showing some of them.
// What a measure is of rows is in row-measure.ts, of a column's figures and times in figure-measure.ts.

import type { Measure } from '../check.ts';
import { compileFigure } from './figure-measure.ts';
import type { CompiledMeasure, MeasureContext } from './measure-part.ts';
import { compileRows } from './row-measure.ts';

/** Measures whose figures come from one pass over the rows. */
export function isOfOnePass(measure: Measure): boolean {
  switch (measure.kind) {
    case 'rowCount':
    case 'nulls':
    case 'missing':
    case 'invalid':
    case 'duplicates':
    case 'relationship':
    case 'expression':
    case 'distinct':
    case 'retention':
      return true;
    case 'aggregate':
      return typeof measure.of === 'string';
    case 'freshness':
      return measure.by !== 'commit';
    default:
      return false;
  }
}

/** Of measures that `isOfOnePass`; the SQL of `expression` comes judged (guard/) and in the engine's names. */
export function compileMeasure(measure: Measure, context: MeasureContext): CompiledMeasure {
  return (
    compileRows(measure, context) ??
    compileFigure(measure, context) ?? { kind: 'problem', reason: `${measure.kind} is not measured by a scan` }
  );
}
