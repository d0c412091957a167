// Which keywords of JSON Schema hold schemas, and how: whoever walks a schema walks these.

/** Hold one schema. */
export const singleSchemas: readonly string[] = [
  'not',
  'if',
  'then',
  'else',
  'items',
  'contains',
  'additionalProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
];

/** Hold a list of schemas. */
export const schemaLists: readonly string[] = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];

/** Hold schemas by name. */
export const schemaMaps: readonly string[] = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'];
