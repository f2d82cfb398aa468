/** Places in this repository that steps read, absolute, so that a step runs from any folder. */

import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout. */
export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');
/** The native core: programs, GPU specifications, schemas, the built binary. */
export const NATIVE = join(ROOT, 'packages/shared-native');
export const PLAN_SCHEMA = join(NATIVE, 'schemas/plan.schema.json');
/** The core's binary; `nx run shared-native:build` makes it. */
export const CORE = join(NATIVE, 'dist/cotenant');
/** Content-addressed results of real GPUs, beside nx's cache and kept longer: GPU time is not spent twice. */
export const LEDGER = join(ROOT, '.cotenant/ledger');

/** Committed measurements of a figure on a GPU; `figure` is the folder of its figure.json. */
export function measuredFolder(figure: string, gpu: string): string {
  return join(figure, '../../measured', gpu, basename(figure));
}

/** Of the same plans on another machine, for how far one GPU is from the next. */
export function againFolder(figure: string, gpu: string): string {
  return join(measuredFolder(figure, gpu), 'again');
}
