// What a comparison of two schemas has to say, whatever its profile.

import type { CompatibilityMode } from '../contract.ts';
import type { JsonValue } from '../json-schema.ts';

/**
 * - sound: `compatible` has been proved, incompatible has a witness; otherwise unknown. Evaluated closed (known-columns.ts).
 * - confluent-strict, confluent-lenient: the rules of Confluent's registry: differences by kind against an allowed set.
 */
export type CompatibilityProfile = 'sound' | 'confluent-strict' | 'confluent-lenient';

/** backward: what the old one accepted must be accepted by the new one; forward: the reverse. */
export type Direction = 'backward' | 'forward';

export interface Difference {
  readonly kind: string;
  /** Of the schema, as `#/properties/email`. */
  readonly path: string;
  readonly direction: Direction;
  /** Whether the profile lets it pass. */
  readonly allowed: boolean;
  /** Which older version it is against, when several are compared: 0 is the last before `new`. */
  readonly against: number;
}

/** A document that one version accepts and the other does not. */
export interface Witness {
  readonly document: JsonValue;
  readonly acceptedBy: 'old' | 'new';
  readonly rejectedBy: 'old' | 'new';
  /** Which older version `old` is, when several are compared: 0 is the last before `new`. */
  readonly against: number;
  readonly explains: {
    /** JSON pointer into the document. */
    readonly pointer: string;
    readonly keyword: string;
    readonly message: string;
  };
}

export interface Comparison {
  readonly mode: CompatibilityMode;
  readonly profile: CompatibilityProfile;
  readonly compatible: boolean | 'unknown';
  readonly differences: readonly Difference[];
  readonly witness: Witness | null;
  /** Why the verdict is unknown; null otherwise. */
  readonly reason: string | null;
}
