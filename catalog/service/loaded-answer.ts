// A table or view as it is answered when it is loaded or changed. It is made once, when its metadata is written or read, and
// the bytes of the metadata file are the middle of it: a table with hundreds of snapshots has half a megabyte of metadata,
// which is then copied neither for the file nor for any answer.

export interface LoadedAnswer {
  /** The answer as it goes over the wire. */
  readonly answer: Buffer;
  /** The metadata in it, as the file has it. */
  readonly file: Buffer;
}

export function loadedAnswer(location: string, metadata: readonly (string | Uint8Array)[]): LoadedAnswer {
  const head = `{"metadata-location":${JSON.stringify(location)},"metadata":`;
  const tail = ',"config":{}}';
  const parts = [head, ...metadata, tail];
  const sizes = parts.map((part) => (typeof part === 'string' ? Buffer.byteLength(part) : part.length));
  const answer = Buffer.allocUnsafeSlow(sizes.reduce((total, size) => total + size, 0));
  let end = 0;
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') answer.write(part, end);
    else answer.set(part, end);
    end += sizes[index] ?? 0;
  }
  return { answer, file: answer.subarray(sizes[0], answer.length - (sizes.at(-1) ?? 0)) };
}
