// The part of the package that is used; it brings no types of its own.

declare module 'json-schema-test-suite' {
  export interface SuiteFile {
    readonly file: string;
    readonly optional: boolean;
    readonly schemas: readonly SuiteGroup[];
  }

  export interface SuiteGroup {
    readonly description: string;
    readonly schema: import('../../contracts/json-schema.ts').JsonValue;
    readonly tests: readonly SuiteCase[];
  }

  export interface SuiteCase {
    readonly description: string;
    readonly data: import('../../contracts/json-schema.ts').JsonValue;
    readonly valid: boolean;
  }

  const suite: { loadSync(options: { readonly draft: 'draft3' | 'draft4' }): readonly SuiteFile[] };
  export default suite;
}
