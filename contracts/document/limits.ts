// What a contract document may at most be. A document is read before anyone trusts it, so every bound is checked before
// the work that it bounds; each has a lint rule that names it when it is reached.

/** Bytes of the text. */
export const documentBytesMax = 1024 * 1024;

/** Words, brackets, line ends and the like: what parsing costs. A table of 2,000 columns has about 150,000. */
export const documentTokensMax = 250_000;

/** Nesting of mappings and lists; the standard's own examples stay below 20. */
export const documentDepthMax = 64;

/** Values after aliases are expanded. */
export const documentNodesMax = 100_000;

/** Properties of one object, at any level. */
export const propertiesMax = 2_000;

/** Problems told of one document; the rest is counted. */
export const problemsMax = 200;
