/** The line under every title: how the numbers came to be, on which GPU, from how many runs. */

import type { ResultRow } from './results.ts';

const LANES: Record<string, string> = {
  sim: 'simulated GPU',
  cuda: 'real GPU',
  measured: 'committed measurements',
};

/** `gpuName` turns an id into the name that people know. */
export function describeOrigin(
  rows: readonly ResultRow[],
  gpuName: (id: string) => string,
  quick: boolean,
): string {
  const all = (pick: (row: ResultRow) => string): string[] => [...new Set(rows.map(pick))].sort();
  const lanes = all((row) => row.lane).map((lane) => LANES[lane] ?? lane);
  const runs = [...new Set(rows.map((row) => row.seeds))].sort((a, b) => a - b);
  const seeds = runs.map(String).join(' or ');
  return [
    all((row) => gpuName(row.gpu)).join(' + '),
    `lane: ${all((row) => row.lane).join(' + ')} (${lanes.join(' + ')})`,
    all((row) => row.label).join(' + '),
    `${seeds} ${seeds === '1' ? 'run' : 'runs'} a cell`,
    ...(quick ? ['quick: reduced request counts'] : []),
  ].join('  ·  ');
}
