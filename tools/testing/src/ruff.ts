/** Ruff, compiled to WebAssembly: Python is linted without a Python package to install. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';
import { z } from 'zod';
import { sources } from './sources.ts';

const OPTIONS = {
  'line-length': 100,
  'target-version': 'py311',
  // Errors, unused names, import order, outdated syntax, likely bugs.
  lint: { select: ['E', 'F', 'I', 'UP', 'B', 'W'], ignore: ['B905'] },
};

const Place = z.object({ row: z.number(), column: z.number() });

const Diagnostics = z.array(
  z.object({
    code: z.string().nullable(),
    message: z.string(),
    start_location: Place,
    fix: z
      .object({
        edits: z.array(
          z.object({
            content: z.string().nullable(),
            location: Place,
            end_location: Place,
          }),
        ),
      })
      .nullable(),
  }),
);
type Edit = NonNullable<z.infer<typeof Diagnostics>[number]['fix']>['edits'][number];

/** A line for every finding, `file:row:column: code message`. */
export function checkPython(folders: readonly string[]): { files: number; findings: string[] } {
  const ruff = new Workspace(OPTIONS, PositionEncoding.Utf16);
  const files = sources(folders, ['.py']);
  const findings = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const lint = Diagnostics.parse(ruff.check(text)).map(
      ({ code, message, start_location: { row, column } }) =>
        `${file}:${row}:${column}: ${code ?? 'syntax'} ${message}`,
    );
    const formatted = lint.some((line) => line.includes(': syntax ')) || ruff.format(text) === text;
    return formatted ? lint : [...lint, `${file}: not formatted; run npm run format`];
  });
  return { files: files.length, findings };
}

/** Sorts imports and formats. Other findings change code, so they are left to a person. */
export function formatPython(folders: readonly string[]): void {
  const ruff = new Workspace(OPTIONS, PositionEncoding.Utf16);
  for (const file of sources(folders, ['.py'])) {
    const text = readFileSync(file, 'utf8');
    const formatted = ruff.format(withSortedImports(ruff, text));
    if (formatted !== text) writeFileSync(file, formatted);
  }
}

/** Applies one fix at a time, since each moves what follows it; a file has few blocks of imports. */
function withSortedImports(ruff: Workspace, text: string): string {
  for (let round = 0; round < 20; round++) {
    const unsorted = Diagnostics.parse(ruff.check(text)).find(({ code }) => code === 'I001');
    if (unsorted?.fix == null) return text;
    text = unsorted.fix.edits.reduceRight(apply, text);
  }
  return text;
}

function apply(text: string, { content, location, end_location }: Edit): string {
  return (
    text.slice(0, offset(text, location)) + (content ?? '') + text.slice(offset(text, end_location))
  );
}

/** Rows and columns count from 1. */
function offset(text: string, { row, column }: z.infer<typeof Place>): number {
  let start = 0;
  for (let line = 1; line < row; line++) start = text.indexOf('\n', start) + 1;
  return start + column - 1;
}
