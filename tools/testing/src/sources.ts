/** Finding the sources that a formatter or linter is given. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const GENERATED = /^(node_modules|out|build.*|dist|__pycache__|\..*)$/;

/** Files below the folders with one of the extensions, sorted; generated folders are left out. */
export function sources(folders: readonly string[], extensions: readonly string[]): string[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => walk(folder, extensions))
    .sort();
}

function walk(folder: string, extensions: readonly string[]): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return GENERATED.test(entry.name) ? [] : walk(path, extensions);
    return extensions.some((extension) => entry.name.endsWith(extension)) ? [path] : [];
  });
}
