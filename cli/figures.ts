// Figures and moments as people read them in tables.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `12,345`; `?` where it is not known. */
export function countText(count: number | null): string {
  return count === null ? '?' : count.toLocaleString('en-US');
}

/** `4.2 MiB`; `?` where it is not known. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '?';
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1)} ${units[power] ?? 'B'}`;
}

/** `2026-11-21 10:00:05Z`. */
export function momentText(iso: string | null): string {
  return iso === null ? '?' : iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}

/** The column of a table of texts, aligned to the right. */
export function rightAligned(texts: readonly string[]): readonly string[] {
  const width = Math.max(0, ...texts.map((text) => text.length));
  return texts.map((text) => text.padStart(width));
}

/** `owner  ana`, one line each, the names padded; lines without a text are left out. */
export function factLines(facts: readonly (readonly [name: string, text: string | null])[]): readonly string[] {
  const told = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null && fact[1] !== '');
  const width = Math.max(0, ...told.map(([name]) => name.length));
  return told.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}
