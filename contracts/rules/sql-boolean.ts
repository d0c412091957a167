// Boolean SQL with what is known beforehand folded away. Every text is an expression that is never NULL.

export type SqlBoolean = boolean | string;

export function allOf(terms: readonly SqlBoolean[]): SqlBoolean {
  if (terms.includes(false)) return false;
  return joined(terms, ' AND ') ?? true;
}

export function anyOf(terms: readonly SqlBoolean[]): SqlBoolean {
  if (terms.includes(true)) return true;
  return joined(terms, ' OR ') ?? false;
}

export function not(term: SqlBoolean): SqlBoolean {
  return typeof term === 'boolean' ? !term : `(NOT ${term})`;
}

export function implies(condition: SqlBoolean, term: SqlBoolean): SqlBoolean {
  return anyOf([not(condition), term]);
}

/** How many of the terms hold. */
export function countOf(terms: readonly SqlBoolean[]): { readonly always: number; readonly sql: readonly string[] } {
  const sql = terms.flatMap((term) => (typeof term === 'string' ? [`(CASE WHEN ${term} THEN 1 ELSE 0 END)`] : []));
  return { always: terms.filter((term) => term === true).length, sql };
}

export function sqlText(term: SqlBoolean): string {
  return typeof term === 'boolean' ? String(term) : term;
}

function joined(terms: readonly SqlBoolean[], operator: string): string | null {
  const texts = [...new Set(terms.filter((term) => typeof term === 'string'))];
  const [first] = texts;
  if (first === undefined) return null;
  return texts.length === 1 ? first : `(${texts.join(operator)})`;
}
