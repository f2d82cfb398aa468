/** `nx run shared-native:build`: the binary and the systems' fingerprints, in dist/. */
import { join } from 'node:path';
import { build, install, RELEASE, SOURCE } from './cmake.ts';
import { main } from './entry.ts';

await main('build', () => {
  build(RELEASE, ['cotenant']);
  install(RELEASE, join(SOURCE, 'dist'));
});
