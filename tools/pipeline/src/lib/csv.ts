/** Small CSV files, through papaparse, with errors that name file and line. */

import Papa from 'papaparse';
import { UserError } from './errors.ts';
import { readText } from './files.ts';

/** CSV text with "\n" line ends and a header. */
export function toCsv(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return `${Papa.unparse([columns, ...rows], { newline: '\n' })}\n`;
}

/** Rows of a CSV file as text by column. Throws UserError for rows that do not fit the header. */
export function readCsv(path: string, missing: string): Record<string, string>[] {
  return parseCsv(readText(path, missing), path);
}

/** Likewise of a text; `path` is for messages. */
export function parseCsv(text: string, path: string): Record<string, string>[] {
  const { data, errors, meta } = Papa.parse<Record<string, string>>(text, {
    header: true,
    skipEmptyLines: true,
  });
  const first = errors.find((error) => error.type !== 'Delimiter');
  if (first !== undefined) {
    const line = first.row === undefined ? '' : `:${String(first.row + 2)}`;
    throw new UserError(
      `${path}${line}: ${first.message}; expected the ${String(meta.fields?.length ?? 0)} columns of the header`,
    );
  }
  return data;
}
