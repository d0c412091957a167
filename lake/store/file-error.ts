import { LakeError } from '../../runtime/errors.ts';

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** A disk that is full or failing may recover; a path that cannot be is refused. Aborts and our own errors pass as they are. */
export function fromFileError(error: unknown, action: string, root: string, key: string): unknown {
  if (error instanceof LakeError) return error;
  const code = codeOf(error);
  if (code === undefined || code === 'ABORT_ERR') return error;
  const isPassing = ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'ESTALE', 'ETIMEDOUT'].includes(code);
  const message = `${action} of ${root}/${key} failed with ${code}`;
  return new LakeError(isPassing ? 'STORE_UNREACHABLE' : 'STORE_REFUSED', message, { context: { root, key, osCode: code }, cause: error });
}

/** Nothing there, or something on the way that is no directory. */
export function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}
