// How far a value is from what its own past makes likely, in standard deviations, robustly: one incident in the past
// neither hides the next one nor makes an ordinary day look odd. The past never includes the value under test.

/** Counts vary by their square root even where nothing changes; figures are allowed a fiftieth of their size. */
const relativeFloor = 0.02;
/** Of a past that is 0 throughout, any value is far off, and still by a finite score. */
const tiny = 1e-9;
/** A normal distribution's deviation from its median absolute one. */
const normalScale = 1.4826;

export interface Surprise {
  /** Deviations from the usual; above 0 whichever side it is on. */
  readonly score: number;
  readonly usual: number;
  readonly deviation: number;
}

/** `values`: the past, newest first, at least three. `isCount`: a count of rows. */
export function surprise(value: number, values: readonly number[], isCount: boolean): Surprise {
  const past = withoutTrend(values);
  const usual = median(past);
  const distances = past.map((one) => Math.abs(one - usual));
  const floor = Math.max(Math.abs(usual) * relativeFloor, isCount ? Math.sqrt(Math.max(usual, 1)) : 0);
  const spread = Math.max(normalScale * median(distances), trimmedDeviation(past, distances), floor, tiny * Math.max(1, Math.abs(value)));
  const deviation = spread * smallSample(past.length) * ofPrediction(past.length);
  return { score: Math.abs(value - usual) / deviation, usual, deviation };
}

/** Fewer values say nothing of a trend. */
const trendMin = 8;

/**
 * The past as it would be had it kept to the trend until now: what grows steadily surprises nobody by going on. The slope
 * is the median of those between any two values (Theil and Sen), which one incident does not bend.
 */
function withoutTrend(values: readonly number[]): readonly number[] {
  if (values.length < trendMin) return values;
  const slopes = values.flatMap((later, i) => values.slice(i + 1).map((earlier, j) => (later - earlier) / (j + 1)));
  const slope = median(slopes);
  // Windows further back have longer to catch up; nothing falls below 0 that never was.
  const moved = values.map((value, i) => value + slope * (i + 1));
  return values.every((value) => value >= 0) ? moved.map((value) => Math.max(0, value)) : moved;
}

/** Without the value that is farthest off: it may be an incident. */
function trimmedDeviation(past: readonly number[], distances: readonly number[]): number {
  const farthest = distances.indexOf(Math.max(...distances));
  const kept = past.filter((_, i) => i !== farthest);
  const mean = kept.reduce((sum, one) => sum + one, 0) / kept.length;
  return Math.sqrt(kept.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, kept.length - 1));
}

/** The usual is itself estimated, and its trend drawn on by one window: how much wider that makes what is to come. */
function ofPrediction(count: number): number {
  const ofTrend = count < trendMin ? 0 : (3 * (count + 1) ** 2) / (count * (count ** 2 - 1));
  return Math.sqrt(1 + 1 / count + ofTrend);
}

/** A deviation known from few values is itself uncertain: what Student's t is to the normal, four deviations out. */
function smallSample(count: number): number {
  const freedom = Math.max(1, count - 2);
  return 1 + 5 / freedom + 16 / freedom ** 2;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2;
}
