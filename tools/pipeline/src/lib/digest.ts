/** Content digests of what a step reads, by a name that a person can act on. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isNotFound } from './files.ts';
import { modulesOf } from './modules.ts';

/** What a step read: name → digest. Two equal maps give the same output. */
export type Inputs = Record<string, string>;

/** Digest of a text or of a JSON value; the order of an object's fields does not matter. */
export function digest(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, sortedFields);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function sortedFields(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Digest of a file's bytes; a file that is not there has a digest of its own. */
export function digestFile(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
  } catch (error) {
    if (isNotFound(error)) return 'missing';
    throw error;
  }
}

/** Digest of the code of a step: its entry module with all that it imports. */
export function codeInputs(entry: string): Inputs {
  return { [`code of ${basename(entry, '.ts')}`]: digest(modulesOf(entry).map(digestFile)) };
}

/** Names whose digests differ between two maps, in the order of `now`. */
export function changedInputs(before: Inputs, now: Inputs): string[] {
  const names = [...new Set([...Object.keys(now), ...Object.keys(before)])];
  return names.filter((name) => before[name] !== now[name]);
}
