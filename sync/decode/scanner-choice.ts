// Which shape a statement's rows are scanned for: the one that most of a sample fits. Others go the general way, and
// nothing is wrong with that but speed.

import type { Schema } from '../../lake/iceberg/schema.ts';
import type { Shape } from '../../lake/raw/shape.ts';
import type { RowPage } from './row-pages.ts';
import { shapeScanner, type ShapeScanner } from './shape-scanner.ts';

export interface ScannerChoice {
  /** The one chosen last: the next rows are likely to be of its shape. */
  readonly last: ShapeScanner | null;
  /** Null where no shape can be scanned for, or hardly a row would be accepted. */
  choose(schema: Schema, shapes: readonly Shape[], pages: readonly RowPage[]): ShapeScanner | null;
}

/** Newest shapes looked at: each scanner holds a vector for each of its leaves. */
const candidatesMax = 3;
const samplePagesMax = 4;
/** Of each of them. */
const sampleRows = 16;

export function scannerChoice(isEnabled: boolean): ScannerChoice {
  let known: { readonly schema: Schema; readonly scanners: ReadonlyMap<number, ShapeScanner | null> } | null = null;
  let last: ShapeScanner | null = null;
  return {
    get last() {
      return last;
    },
    choose: (schema, shapes, pages) => {
      if (!isEnabled) return null;
      const before = known?.schema === schema ? known.scanners : null;
      const candidates = shapes.slice(0, candidatesMax);
      const scanners = new Map(candidates.map((shape) => [shape.number, before?.get(shape.number) ?? shapeScanner(shape, schema)]));
      known = { schema, scanners };
      const usable = [...scanners.values()].filter((scanner) => scanner !== null);
      const sample = samplePages(pages);
      const rows = sample.reduce((sum, page) => sum + Math.min(page.rows, sampleRows), 0);
      let best: ShapeScanner | null = null;
      let accepted = rows / 10;
      for (const scanner of usable) {
        const fits = sample.reduce((sum, page) => sum + scanner.fits(page, sampleRows), 0);
        if (fits > accepted) {
          best = scanner;
          accepted = fits;
        }
      }
      last = best;
      return best;
    },
  };
}

/** A few pages across the batch. */
function samplePages(pages: readonly RowPage[]): readonly RowPage[] {
  const step = Math.max(1, Math.floor(pages.length / samplePagesMax));
  return pages.filter((_, i) => i % step === 0);
}
