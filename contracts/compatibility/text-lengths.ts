// How long a text can be that has a format or matches a pattern: enough to see that `maxLength: 10` changes nothing for
// a date. Only what is certain; everything else is 0 to infinity.

import { parsePattern, type PatternNode } from './pattern-syntax.ts';

export interface Lengths {
  readonly min: number;
  readonly max: number;
}

const anyLength: Lengths = { min: 0, max: Infinity };

export function lengthsOfFormat(format: string): Lengths {
  return format === 'date' ? { min: 10, max: 10 } : anyLength;
}

export function lengthsOfPattern(source: string): Lengths {
  const pattern = parsePattern(source);
  if (pattern === null) return anyLength;
  const { min, max } = lengthsOf(pattern.node);
  return { min, max: pattern.startsAtStart && pattern.endsAtEnd ? max : Infinity };
}

function lengthsOf(node: PatternNode): Lengths {
  switch (node.kind) {
    case 'empty':
      return { min: 0, max: 0 };
    case 'class':
      return { min: 1, max: 1 };
    case 'sequence':
      return node.parts.map(lengthsOf).reduce((sum, { min, max }) => ({ min: sum.min + min, max: sum.max + max }), { min: 0, max: 0 });
    case 'choice':
      return node.parts.map(lengthsOf).reduce((all, { min, max }) => ({ min: Math.min(all.min, min), max: Math.max(all.max, max) }));
    case 'repeat': {
      const { min, max } = lengthsOf(node.part);
      return { min: min * node.min, max: max === 0 || node.max === 0 ? 0 : max * node.max };
    }
  }
}
