/** Configuring and building the core: every variant in a build folder of its own. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { CLANG, CMAKE, COMPILER, NINJA, requirePrograms } from './toolchain.ts';

export const SOURCE = resolve(import.meta.dirname, '../../../packages/shared-native');

/** One way of building the core. Variants differ in flags, so they share no object files. */
export interface Variant {
  /** Folder below packages/shared-native. */
  readonly folder: string;
  readonly options: Readonly<Record<string, string>>;
  /** Built with Clang, for libFuzzer. */
  readonly clang?: boolean;
}

export const RELEASE: Variant = { folder: 'build', options: { CMAKE_BUILD_TYPE: 'Release' } };

/** Optimised lightly: the sanitizers' reports keep their lines and property tests stay quick. */
const CHECKED = {
  CMAKE_BUILD_TYPE: 'RelWithDebInfo',
  CMAKE_CXX_FLAGS_RELWITHDEBINFO: '-O1 -g1',
};

/**
 * Address and undefined-behaviour sanitizer, for tests and fuzz targets alike: what takes long is
 * compiling. Clang, for libFuzzer.
 */
export const MEMORY: Variant = {
  folder: 'build-memory',
  clang: true,
  options: {
    ...CHECKED,
    COTENANT_SANITIZE: 'address,undefined',
    COTENANT_FUZZ: 'ON',
  },
};

export const THREADS: Variant = {
  folder: 'build-threads',
  options: { ...CHECKED, COTENANT_SANITIZE: 'thread' },
};

/** Parts of the core that need libraries of their own; off unless a command asks. */
export interface Parts {
  readonly tests?: boolean;
  readonly bench?: boolean;
}

/** A command of the build failed; its own output, already shown, says why. */
export class BuildFailed extends Error {}

/** Absolute path of a variant's build folder. */
export function buildFolder(variant: Variant): string {
  return join(SOURCE, variant.folder);
}

/**
 * Configures and builds. An incremental build when the folder is there; a folder that was made for
 * another place (a copied checkout) is started anew, since CMake refuses it.
 */
export function build(variant: Variant, targets: readonly string[], parts: Parts = {}): void {
  requirePrograms([CMAKE, NINJA, variant.clang === true ? CLANG : COMPILER]);
  const folder = buildFolder(variant);
  const options = {
    ...variant.options,
    COTENANT_TESTS: parts.tests === true ? 'ON' : 'OFF',
    COTENANT_BENCH: parts.bench === true ? 'ON' : 'OFF',
    ...(variant.clang === true ? { CMAKE_CXX_COMPILER: CLANG.command } : {}),
  };
  const configure = [
    ...['-S', SOURCE, '-B', folder, '-G', 'Ninja', '--log-level=WARNING'],
    ...Object.entries(options).map(([name, value]) => `-D${name}=${value}`),
  ];
  if (spawnSync('cmake', configure, { stdio: ['ignore', 'ignore', 'ignore'] }).status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    command('cmake', configure);
  }
  command('cmake', [
    ...['--build', folder, '--parallel', String(availableParallelism())],
    ...targets.flatMap((target) => ['--target', target]),
  ]);
}

/**
 * Copies what `install()` rules name to a fresh folder, so that nothing of an older build stays
 * there.
 */
export function install(variant: Variant, destination: string): void {
  rmSync(destination, { recursive: true, force: true });
  command('cmake', ['--install', buildFolder(variant), '--prefix', destination], true);
}

function command(program: string, args: readonly string[], quiet = false): void {
  const { status, signal } = spawnSync(program, args, {
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'],
  });
  if (status !== 0) {
    throw new BuildFailed(`${program} ${args[0] ?? ''}: ${signal ?? `exit status ${status ?? 1}`}`);
  }
}
