/**
 * Names that the core's source tree offers: systems, GPU specifications, recorded programs.
 *
 * They are read from file names, not asked from the binary, so that writing plans needs no build; what a
 * system's parameters may be is checked by the core itself before a run starts.
 */

import { join } from 'node:path';
import { listFolder } from './files.ts';

export interface Catalogue {
  systems: string[];
  gpus: string[];
  /** `<gpu>/<program>` */
  programs: string[];
}

const PROGRAM = '.program.gz';

/** Reads the catalogue below packages/shared-native. */
export function readCatalogue(native: string): Catalogue {
  const systems = listFolder(join(native, 'src/systems'))
    .filter((name) => name.endsWith('.cpp') && !name.endsWith('_test.cpp'))
    .map((name) => name.slice(0, -'.cpp'.length).replaceAll('_', '-'));
  const gpus = listFolder(join(native, 'gpus'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length));
  const programs = listFolder(join(native, 'programs')).flatMap((gpu) =>
    listFolder(join(native, 'programs', gpu))
      .filter((name) => name.endsWith(PROGRAM))
      .map((name) => `${gpu}/${name.slice(0, -PROGRAM.length)}`),
  );
  return { systems, gpus, programs };
}
