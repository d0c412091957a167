// How much work a comparison may do. Schemas come from people and some from people who mean harm: every loop over them
// spends from one budget, and when it is spent the answer is `unknown` with that reason, never a hang.

export interface Budget {
  /** Throws BudgetSpent when nothing is left. */
  spend(steps: number): void;
}

export class BudgetSpent extends Error {}

/** Steps bound the work in the same way on every machine; the deadline is for machines that are slower than thought. */
export function createBudget(steps: number, milliseconds: number, now: () => number = () => performance.now()): Budget {
  const deadline = now() + milliseconds;
  let left = steps;
  let untilLook = 0;
  return {
    spend(count) {
      left -= count;
      if (left < 0) throw new BudgetSpent(`more than ${steps} steps`);
      untilLook -= count;
      if (untilLook > 0) return;
      untilLook = 256;
      if (now() > deadline) throw new BudgetSpent(`more than ${milliseconds} ms`);
    },
  };
}
