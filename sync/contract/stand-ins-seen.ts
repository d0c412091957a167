// Which columns of a table were masked as others that are absent, since its contract last changed: `foz status` says so,
// until a version of the contract that knows them has judged rows.

import type { Judged } from './pinned-contract.ts';

export interface StandInsSeen {
  /** With their masks: `{"mail":"hmac k1 as email"}`. */
  readonly columns: ReadonlyMap<string, string>;
  /** Of a commit; returns the columns that were not known. */
  add(judged: readonly Judged[]): readonly string[];
}

export function standInsSeen(): StandInsSeen {
  let version = '';
  let columns: ReadonlyMap<string, string> = new Map();
  return {
    get columns() {
      return columns;
    },
    add: (judged) => {
      const before = columns;
      for (const { contract, standIns } of judged) {
        const its = `${contract.id}@${contract.version}`;
        columns = new Map(its === version ? [...columns, ...standIns] : standIns);
        version = its;
      }
      return [...columns.keys()].filter((name) => !before.has(name));
    },
  };
}
