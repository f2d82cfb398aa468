/** Reading and writing files: whole, atomic, and with messages that name the file. */

import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from './errors.ts';
import { findJsonFault } from './json-place.ts';

/** Writes to a temporary name beside `path`, then renames: a reader never sees half a file. */
export function writeAtomic(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${String(process.pid)}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** JSON with two spaces and a final newline: the form of every JSON file the pipeline writes. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The text of a file; `missing` is the advice to give when there is none. */
export function readText(path: string, missing?: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (missing !== undefined && isNotFound(error)) {
      throw new UserError(`${path}: no such file; ${missing}`);
    }
    throw error;
  }
}

/** Parsed JSON of a file, still unchecked; a syntax error names line and column. */
export function readJson(path: string, missing?: string): unknown {
  const text = readText(path, missing);
  try {
    return JSON.parse(text);
  } catch {
    const { line, column, reason } = findJsonFault(text);
    throw new UserError(`${path}:${String(line)}:${String(column)}: not valid JSON: ${reason}`);
  }
}

/** Names in a folder, sorted; none if it does not exist. */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

export function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
