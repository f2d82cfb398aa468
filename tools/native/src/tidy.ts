/**
 * `nx run shared-native:tidy`: clang-tidy over the core, by the checks of .clang-tidy. Takes minutes.
 *
 *     nx run shared-native:tidy src/systems     only files below that folder
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BuildFailed, build, buildFolder, RELEASE, SOURCE } from './cmake.ts';
import { main } from './entry.ts';
import { CLANG_TIDY, requirePrograms } from './toolchain.ts';

await main('tidy', () => {
  requirePrograms([CLANG_TIDY]);
  build(RELEASE, ['cotenant']);
  const folder = join(SOURCE, process.argv[2] ?? 'src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.cpp') && !file.endsWith('_test.cpp'))
    .sort();
  const failed = files.filter((file) => {
    const args = [
      '-p',
      buildFolder(RELEASE),
      '--quiet',
      '--warnings-as-errors=*',
      join(folder, file),
    ];
    return (
      spawnSync(CLANG_TIDY.command, args, { stdio: ['ignore', 'inherit', 'ignore'] }).status !== 0
    );
  });
  console.log(`${files.length} files, ${failed.length} with findings`);
  if (failed.length > 0) throw new BuildFailed(`findings in ${failed.join(', ')}`);
});
