// The part of parquetjs-lite that the reference lane uses; the package has no types.
declare module 'parquetjs-lite' {
  interface Schema {
    readonly fields: unknown;
  }
  interface Writer {
    setRowGroupSize(rows: number): void;
    appendRow(row: unknown): Promise<void>;
    close(): Promise<void>;
  }
  const parquet: {
    readonly ParquetSchema: new (fields: Readonly<Record<string, unknown>>) => Schema;
    readonly ParquetWriter: { openFile(schema: Schema, path: string): Promise<Writer> };
  };
  export default parquet;
}
