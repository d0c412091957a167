// The part of parquetjs-lite that the reference lane uses; the package has no types.
declare module 'parquetjs-lite' {
  export class ParquetSchema {
    constructor(fields: Readonly<Record<string, unknown>>);
  }
  export class ParquetWriter {
    static openFile(schema: ParquetSchema, path: string): Promise<ParquetWriter>;
    setRowGroupSize(rows: number): void;
    appendRow(row: unknown): Promise<void>;
    close(): Promise<void>;
  }
  const parquet: { readonly ParquetSchema: typeof ParquetSchema; readonly ParquetWriter: typeof ParquetWriter };
  export default parquet;
}
