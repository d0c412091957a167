// What a manifest says of one data file. Plain values; manifest.ts turns them into Avro.
// Spec: https://iceberg.apache.org/spec/#manifests, data_file struct (format v2)

export interface DataFile {
  /** Absolute location. */
  readonly filePath: string;
  readonly fileFormat: 'PARQUET';
  /** Partition values by partition field id; `day` transforms are days since 1970-01-01. */
  readonly partition: Readonly<Record<number, number | null>>;
  readonly recordCount: number;
  readonly fileSizeInBytes: number;
  /** By field id. */
  readonly columnSizes?: ReadonlyMap<number, number>;
  readonly valueCounts?: ReadonlyMap<number, number>;
  readonly nullValueCounts?: ReadonlyMap<number, number>;
  readonly nanValueCounts?: ReadonlyMap<number, number>;
  /** Spec: single-value serialisation (Appendix D), by field id. */
  readonly lowerBounds?: ReadonlyMap<number, Uint8Array>;
  readonly upperBounds?: ReadonlyMap<number, Uint8Array>;
  readonly splitOffsets?: readonly number[];
  readonly sortOrderId?: number;
}
