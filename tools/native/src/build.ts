/**
 * `nx run shared-native:build`: the binary, the library that live programs are handed to, and the
 * systems' fingerprints, in dist/.
 */
import { join } from 'node:path';
import { build, install, RELEASE, SOURCE } from './cmake.ts';
import { main } from './entry.ts';

await main('build', () => {
  build(RELEASE, ['cotenant', 'cotenant_library']);
  install(RELEASE, join(SOURCE, 'dist'));
});
