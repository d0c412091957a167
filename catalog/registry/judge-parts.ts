// The real reader, comparison and rules.

import { readContract } from '../../contracts/document/read-contract.ts';
import { compileRules } from '../../contracts/rules/compile-rules.ts';
import { compareBothWays } from './compare-both-ways.ts';
import type { JudgeParts } from './contract-judge.ts';

export const judgeParts: JudgeParts = {
  read: (text, file) => readContract(text, file),
  compare: compareBothWays,
  enforcementProblems: ({ tables, policy }) =>
    tables.flatMap(({ name, body }) =>
      compileRules(body, { policy }).refused.map(({ pointer, keyword, reason }) => `${name}${pointer} (${keyword}): ${reason}`),
    ),
};
