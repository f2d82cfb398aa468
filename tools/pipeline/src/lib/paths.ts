/** Places in this repository that steps read, absolute, so that a step runs from any folder. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout. */
export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');
/** The native core: programs, GPU specifications, schemas, the built binary. */
export const NATIVE = join(ROOT, 'packages/shared-native');
export const PLAN_SCHEMA = join(NATIVE, 'schemas/plan.schema.json');
/** The core's binary; `nx run shared-native:build` makes it. */
export const CORE = join(NATIVE, 'dist/cotenant');
