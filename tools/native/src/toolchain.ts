/** What the native core is built with, and the one line that installs what is missing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { platform } from 'node:os';

/** A program that a build or check calls, and the package that brings it. */
export interface Program {
  readonly name: string;
  /** Its file name, or what the environment says instead. */
  readonly command: string;
  readonly apt: string;
  readonly brew: string;
}

export const CMAKE: Program = { name: 'CMake', command: 'cmake', apt: 'cmake', brew: 'cmake' };
export const NINJA: Program = {
  name: 'Ninja',
  command: 'ninja',
  apt: 'ninja-build',
  brew: 'ninja',
};
export const COMPILER: Program = {
  name: 'a C++20 compiler',
  command: process.env['CXX'] ?? 'c++',
  apt: 'g++',
  brew: 'gcc',
};
export const CLANG: Program = {
  name: 'Clang',
  command: 'clang++',
  apt: 'clang libclang-rt-14-dev',
  brew: 'llvm',
};
export const CLANG_FORMAT: Program = {
  name: 'clang-format',
  command: 'clang-format',
  apt: 'clang-format',
  brew: 'clang-format',
};
export const CLANG_TIDY: Program = {
  name: 'clang-tidy',
  command: 'clang-tidy',
  apt: 'clang-tidy',
  brew: 'llvm',
};

/** A program is missing. The message is one line and ends with the command that installs it. */
export class MissingProgram extends Error {}

/** Throws {@link MissingProgram} unless every program answers `--version`. */
export function requirePrograms(programs: readonly Program[]): void {
  const missing = programs.filter(({ command }) => !answers(command));
  if (missing.length === 0) return;
  const names = missing.map(({ name, command }) => `${name} (${command})`).join(', ');
  throw new MissingProgram(`missing: ${names}; install with: ${installLine(missing)}`);
}

/** The command that installs the given programs on this kind of machine. */
export function installLine(
  programs: readonly Program[],
  system: string = packageManager(),
): string {
  if (system === 'apt') {
    const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
    return `${sudo}apt-get install -y ${programs.map(({ apt }) => apt).join(' ')}`;
  }
  if (system === 'brew') return `brew install ${programs.map(({ brew }) => brew).join(' ')}`;
  return `your package manager, packages like ${programs.map(({ apt }) => apt).join(' ')}`;
}

function packageManager(): string {
  if (existsSync('/etc/debian_version')) return 'apt';
  return platform() === 'darwin' ? 'brew' : 'other';
}

function answers(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}
