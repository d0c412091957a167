// Pairs of schemas and what a comparison has to say of them, in both directions: `there` reads rows of the first with the
// second, `back` the reverse. Kinds are those of Confluent's registry and ours; a verdict is one letter a profile, in the
// order strict, lenient, sound: y compatible, n not, u unknown. Own vectors, no registry's.

import { choiceVectors } from './contract-compatibility-choices.ts';
import { objectVectors } from './contract-compatibility-objects.ts';
import { valueVectors } from './contract-compatibility-values.ts';
import type { Vector } from './contract-compatibility-vector.ts';

export const vectors: readonly Vector[] = [...valueVectors, ...objectVectors, ...choiceVectors];
