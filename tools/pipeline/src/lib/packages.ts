/** Files inside installed npm packages, which their `exports` hide. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './errors.ts';

/** Folder of an installed package, found as Node finds it: upward from here. */
export function packageFolder(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    const parent = dirname(folder);
    if (parent === folder) throw new UserError(`npm package ${name} is not installed; run: npm ci`);
    folder = parent;
  }
}
