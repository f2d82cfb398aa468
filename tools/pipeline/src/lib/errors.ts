/**
 * How every step ends when something is wrong: one line per problem that says what, where, and what
 * would be right, a non-zero exit code, and no stack trace. Exit codes follow sysexits.h, as the core's do.
 */

export const EXIT = { usage: 64, data: 65, io: 74, interrupted: 130 } as const;

/** A problem the user can fix. The message is shown as it is; each of its lines is one problem. */
export class UserError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.data) {
    super(message);
    this.name = 'UserError';
    this.exitCode = exitCode;
  }
}

const SYSTEM_ERRORS: Record<string, string> = {
  EACCES: 'no permission; change its owner or mode, or give another --out',
  EROFS: 'the file system is read-only; give another --out',
  ENOSPC: 'no space left on the device; free some, or give another --out',
  EDQUOT: 'the disk quota is used up; free some space, or give another --out',
  ENOTDIR: 'a part of this path is a file, a folder is needed there',
  EISDIR: 'this is a folder, a file is needed here',
  EEXIST: 'a file is in the way where a folder is needed',
  ENOENT: 'no such file or folder',
  EMFILE: 'too many open files; raise `ulimit -n`',
};

/** The one-line form of an operating-system error, or null if `error` is something else. */
export function describeSystemError(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  if (!('code' in error) || typeof error.code !== 'string') return null;
  const meaning = SYSTEM_ERRORS[error.code];
  if (meaning === undefined) return null;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : 'file system';
  return `${path}: ${meaning}`;
}

/** Runs a step, reports its failure and sets the exit code. */
export async function main(step: () => Promise<void> | void): Promise<void> {
  try {
    await step();
  } catch (error) {
    const system = describeSystemError(error);
    if (error instanceof UserError) {
      for (const line of error.message.split('\n')) process.stderr.write(`error: ${line}\n`);
      process.exitCode = error.exitCode;
    } else if (system !== null) {
      process.stderr.write(`error: ${system}\n`);
      process.exitCode = EXIT.io;
    } else {
      const detail = error instanceof Error ? error : new Error(String(error));
      const trace = process.env['COTENANT_DEBUG'] === undefined ? detail.message : detail.stack;
      process.stderr.write(
        `error: a fault in the pipeline itself (COTENANT_DEBUG=1 shows where): ${trace ?? ''}\n`,
      );
      process.exitCode = 70;
    }
  }
}
