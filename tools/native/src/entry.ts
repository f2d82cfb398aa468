import { BuildFailed } from './cmake.ts';
import { MissingProgram } from './toolchain.ts';

/**
 * Runs a command of this folder: expected failures are one line and exit status 1, without a stack
 * trace.
 */
export async function main(name: string, action: () => void | Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof BuildFailed || error instanceof MissingProgram)) throw error;
    console.error(`shared-native ${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
