// What of a statement's own rows may be shown. Personal data can hide under any name there, so a value is shown only where
// the statement names no personal column at all, or where its column is plainly one of the check's table and not personal.
// Of other tables nothing is shown: their contracts are not at hand.

import type { ContractInForce } from '../../catalog/contracts.ts';
import { checkedRows } from '../guard/sql-tokens.ts';
import type { NamedRelation, SelectTree } from '../guard/sql-tree.ts';
import { carriers, personalColumns } from './personal-columns.ts';

/** By position in the answer: whether its values are masked. `table`: the check's. */
export function maskedOutput(
  tree: SelectTree,
  columns: readonly string[],
  table: string,
  contract: ContractInForce | null,
): readonly boolean[] {
  const classified = personalColumns(contract);
  const isOwn = (relation: NamedRelation) => relation.table === table || relation.table === checkedRows;
  const others = folded(tree.relations.filter((relation) => !isOwn(relation)).map(nameOf));
  const readsOthers = others.size > 0;
  const personal = folded(classified.size === 0 ? [] : [...classified, ...carriers]);
  const named = folded(tree.relations.flatMap((relation) => [relation.table, nameOf(relation)]));
  const isPersonalName = (name: string) => personal.has(name.toLowerCase());
  // A relation's name alone is its whole row.
  const isPersonal = (names: readonly string[]) =>
    names.some(isPersonalName) || (names.length === 1 && named.has(names[0]?.toLowerCase() ?? ''));
  const mayTell = readsOthers || (personal.size > 0 && (tree.hasStar || tree.columns.some(({ names }) => isPersonal(names))));
  if (!mayTell) return columns.map(() => false);
  const { output } = tree;
  // `*` alone is every column under its own name.
  if (output?.length === 1 && output[0] === null && tree.hasStar && !readsOthers) return columns.map(isPersonalName);
  const own = folded(tree.relations.filter(isOwn).map(nameOf));
  const schemas = folded(tree.relations.map(({ schema }) => schema));
  const isOfOwn = (names: readonly string[]) => {
    const [first = '', second = '', third] = names.map((name) => name.toLowerCase());
    const isRelation = own.has(first) || others.has(first);
    // `u.id`, or `raw.users.id`.
    const relation = third !== undefined && !isRelation && schemas.has(first) ? second : first;
    return second !== '' && own.has(relation) && !others.has(relation);
  };
  return columns.map((_, i) => {
    const names = output?.length === columns.length ? output[i]?.names : undefined;
    if (names === undefined || isPersonal(names)) return true;
    return readsOthers && !isOfOwn(names);
  });
}

/** As the statement's columns call it. */
function nameOf({ table, alias }: NamedRelation): string {
  return alias ?? table;
}

/** As engines compare names that nobody quoted; of one that was quoted, too much is masked at worst. */
function folded(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}
