// Whether a text is a cron expression of five fields, as schedules take it: minute, hour, day of month, month, day of week.
// In UTC. Seconds, `@daily` and the extensions of Quartz (`?`, `L`, `W`, `#`) are refused: what one tool reads another way
// would run at another time.

const fields: readonly { readonly name: string; readonly min: number; readonly max: number; readonly names?: readonly string[] }[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

/** What is wrong with it; null: nothing. */
export function cronProblem(expression: string): string | null {
  if (expression.length > 200) return 'longer than 200 characters';
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== fields.length) return `${parts.length} fields; expected 5: minute, hour, day of month, month, day of week`;
  for (const [index, field] of fields.entries()) {
    const part = (parts[index] ?? '').split(',').find((item) => !isItem(item.toLowerCase(), field));
    if (part !== undefined) return `${JSON.stringify(part)} is no ${field.name}: ${field.min} to ${field.max}, a-b, *, */n`;
  }
  return null;
}

function isItem(item: string, { min, max, names = [] }: (typeof fields)[number]): boolean {
  const [, whole, from, to, step] = /^(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:\/([0-9]{1,2}))?$/.exec(item) ?? [];
  if (whole === undefined && from === undefined) return false;
  if (step !== undefined && (Number(step) < 1 || Number(step) > max)) return false;
  // A step needs a range: `5/15` is read in two ways.
  if (step !== undefined && whole === undefined && to === undefined) return false;
  const place = (text: string): number =>
    /^[0-9]/.test(text) ? Number(text) : names.indexOf(text) < 0 ? Number.NaN : names.indexOf(text) + min;
  if (from === undefined) return true;
  const first = place(from);
  const last = to === undefined ? first : place(to);
  return first >= min && last <= max && first <= last;
}
