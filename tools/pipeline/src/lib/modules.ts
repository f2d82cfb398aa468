/** Which modules of the pipeline a step imports: the code that its output depends on. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const IMPORT = /^(?:import|export)\s[^;'"]*?from\s+['"](\.{1,2}\/[^'"]+)['"]/gm;

/** The module and everything it imports relatively, sorted; type-only imports change no output. */
export function modulesOf(entry: string): string[] {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    const source = readFileSync(file, 'utf8').replace(/^import type\s[^;]*;/gm, '');
    for (const match of source.matchAll(IMPORT)) visit(join(dirname(file), match[1] ?? ''));
  };
  visit(entry);
  return [...found].sort();
}
