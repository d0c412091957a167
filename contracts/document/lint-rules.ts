// Every rule that reading a contract holds it to, by name. docs/contracts.md lists this table; a test has a broken document
// for each.

export interface LintRule {
  readonly severity: 'error' | 'warning';
  readonly doc: string;
}

const textRules = {
  syntax: { severity: 'error', doc: 'The text is neither YAML 1.2 nor JSON.' },
  'document-size': { severity: 'error', doc: 'The document is larger than is read.' },
  'document-depth': { severity: 'error', doc: 'Mappings and lists nest deeper than any table does.' },
  'document-values': { severity: 'error', doc: 'Aliases expand to more values than are read.' },
  'properties-max': { severity: 'error', doc: 'One mapping has more keys than a table may have columns.' },
  'yaml-tag': { severity: 'error', doc: 'A tag (`!!js/function`, `!custom`): a contract is plain data.' },
  'yaml-key': { severity: 'error', doc: 'A key is a list, a mapping or empty.' },
  'yaml-merge': { severity: 'error', doc: 'A merge key (`<<`), which YAML 1.2 does not have.' },
  'duplicate-key': { severity: 'error', doc: 'One key stands twice in a mapping.' },
  'number-form': { severity: 'error', doc: '`.inf` or `.nan`: no numbers of JSON.' },
  'number-rounded': { severity: 'error', doc: 'A number of more digits than a double holds.' },
  'unknown-format': { severity: 'error', doc: 'The document does not say what it is.' },
} as const;

const shapeRules = {
  'unknown-key': { severity: 'error', doc: 'The standard has no such key there.' },
  'missing-key': { severity: 'error', doc: 'A key that must be there is not.' },
  'value-kind': { severity: 'error', doc: 'Text where a number belongs, a mapping where a list does.' },
  'value-choice': { severity: 'error', doc: 'A value outside the list of those allowed.' },
  'value-form': { severity: 'error', doc: 'Text without the form expected (an id, a date).' },
} as const;

const contractRules = {
  'contract-id': { severity: 'warning', doc: 'The id is not lower-case letters, digits, `.`, `_`, `-`: it is registered under another.' },
  'version-semver': { severity: 'error', doc: 'The version is not major.minor.patch.' },
  'status-unknown': { severity: 'warning', doc: 'The status stands for no state; the contract is read as a draft.' },
  'compatibility-unknown': { severity: 'error', doc: 'customProperties `compatibility` is no mode.' },
  'policy-unknown': { severity: 'error', doc: 'A policy other than flag, quarantine, halt.' },
  'consumer-malformed': { severity: 'error', doc: 'customProperties `consumers` has an entry that is no consumer.' },
  'no-tables': { severity: 'warning', doc: 'The contract describes no table.' },
  'table-empty': { severity: 'warning', doc: 'A table without properties.' },
  'table-duplicate': { severity: 'error', doc: 'Two tables with one name.' },
  'table-name': { severity: 'warning', doc: 'A table name that is no name in the lake.' },
  'server-duplicate': { severity: 'error', doc: 'Two servers with one name.' },
  'custom-duplicate': { severity: 'error', doc: 'One custom property stands twice in a list.' },
  'quality-operator': { severity: 'error', doc: 'A quality rule compares with several operators, or with none.' },
  'quality-between': { severity: 'error', doc: 'A range whose first number is not below its second.' },
  'level-element': { severity: 'warning', doc: 'A service level about a table or column that the contract does not have.' },
  'reference-unknown': { severity: 'warning', doc: 'A relationship to a table or column that the contract does not have.' },
  'definition-unknown': { severity: 'error', doc: 'A `$ref` of a DCS field to a definition that is not there.' },
} as const;

const columnRules = {
  'property-name': { severity: 'error', doc: 'A property without a name, or with white space around it.' },
  'property-duplicate': { severity: 'error', doc: 'Two properties with one name.' },
  'property-case': { severity: 'error', doc: 'Two names that differ in case only: engines read them as one.' },
  'property-id': { severity: 'error', doc: 'Two properties with one id: a rename could not be told.' },
  'key-position': { severity: 'error', doc: 'Positions of the primary key are not 1, 2, … each once.' },
  'key-unused': { severity: 'error', doc: 'A key position on a column outside the key.' },
  'key-optional': { severity: 'warning', doc: 'A key column that is not required.' },
  'required-partial': { severity: 'warning', doc: 'A Cassandra column outside the key is required: every partial update breaks it.' },
  'physical-unknown': { severity: 'warning', doc: 'A physical type that the type table does not have; it is stored by its logical type.' },
  'physical-mismatch': { severity: 'error', doc: 'The physical type holds other values than the schema describes.' },
  'decimal-figures': { severity: 'error', doc: 'A scale above the precision, or a precision of 0.' },
  'decimal-wide': { severity: 'warning', doc: 'More than 38 digits: stored as text.' },
  'mask-unknown': { severity: 'error', doc: 'A mask that is not drop, redact, hmac with a key id, or partial with two counts.' },
  'mask-key': { severity: 'error', doc: 'A key column masked by other than hmac: rows could no longer be told apart.' },
  'mask-within': { severity: 'warning', doc: 'A mask inside JSON, a map, a reference or an alternative: the whole column is dropped.' },
  'mask-public': { severity: 'warning', doc: 'A mask on a column without a `pii` tag.' },
  'pii-form': { severity: 'error', doc: '`pii` is not a word such as email, phone, name.' },
} as const;

const schemaRules = {
  'keyword-unknown': { severity: 'error', doc: 'JSON Schema 2020-12 has no such keyword (annotations begin with `x-`).' },
  'keyword-value': { severity: 'error', doc: 'A keyword whose value has the wrong kind.' },
  'schema-kind': { severity: 'error', doc: 'Something that must be a schema is neither a mapping nor true or false.' },
  'schema-dialect': { severity: 'error', doc: '`$schema` names another dialect than 2020-12.' },
  'schema-row': { severity: 'error', doc: 'The body of a table does not describe an object.' },
  'ref-remote': { severity: 'error', doc: '`$ref` leaves the document: nothing is ever fetched.' },
  'ref-dangling': { severity: 'error', doc: '`$ref` points at nothing.' },
  'ref-loop': { severity: 'error', doc: '`$ref` leads back to itself without a step between.' },
  'ref-dynamic': { severity: 'error', doc: '`$dynamicRef` and its kind: who is meant would depend on who asks.' },
  'data-reference': { severity: 'error', doc: '`$data`: a rule that reads its bound from the row.' },
  'type-unknown': { severity: 'error', doc: '`type` is none of the seven types.' },
  'type-duplicate': { severity: 'error', doc: 'A type stands twice in a list.' },
  'bounds-unjudged': { severity: 'warning', doc: 'Bounds of a date, timestamp or time (ODCS): kept, but rows are not judged by them.' },
  'bounds-crossed': { severity: 'error', doc: 'A minimum above its maximum: no value fits.' },
  'bound-negative': { severity: 'error', doc: 'A length or count below 0, or not whole.' },
  'multiple-positive': { severity: 'error', doc: '`multipleOf` is not above 0.' },
  'enum-empty': { severity: 'error', doc: 'An `enum` without values.' },
  'enum-duplicate': { severity: 'error', doc: 'A value stands twice in an `enum`.' },
  'enum-type': { severity: 'error', doc: 'A value of `enum` or `const` that `type` does not allow.' },
  'required-duplicate': { severity: 'error', doc: 'A name stands twice in `required`.' },
  'required-unknown': { severity: 'warning', doc: '`required` names a property that is not described.' },
  'pattern-form': { severity: 'error', doc: 'A pattern that a linear engine cannot run, or no regular expression.' },
  'format-unknown': { severity: 'error', doc: 'A `format` that nobody checks.' },
  'keyword-idle': { severity: 'warning', doc: 'A keyword that the type beside it makes meaningless (a length of a number).' },
  'not-enforceable': { severity: 'error', doc: 'The rules of the schema cannot be enforced: a keyword, or more than the limits allow.' },
  'never-valid': { severity: 'warning', doc: 'A schema of `false`: no row can have the property.' },
} as const;

export const lintRules = { ...textRules, ...shapeRules, ...contractRules, ...columnRules, ...schemaRules } satisfies Readonly<
  Record<string, LintRule>
>;

export type LintRuleName = keyof typeof lintRules;

/** In the order of the page: heading → rules. */
export const lintChapters: readonly (readonly [heading: string, rules: Readonly<Record<string, LintRule>>])[] = [
  ['The text', textRules],
  ['The document', shapeRules],
  ['The contract', contractRules],
  ['Columns', columnRules],
  ['Schemas', schemaRules],
];
