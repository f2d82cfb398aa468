/** The line under every title: how the numbers came to be, on which GPU, from how many runs. */

import type { Coverage } from './missing.ts';
import type { ResultRow } from './results.ts';

export interface OriginNotes {
  /** Request counts are reduced. */
  quick: boolean;
  coverage: Coverage;
}

/** `gpuName` turns an id into the name that people know. */
export function describeOrigin(
  rows: readonly ResultRow[],
  gpuName: (id: string) => string,
  { quick, coverage }: OriginNotes,
): string {
  const all = (pick: (row: ResultRow) => string): string =>
    [...new Set(rows.map(pick))].sort().join(' + ');
  const gpu = all((row) => gpuName(row.gpu));
  const label = all((row) => row.label);
  const runs = [...new Set(rows.map((row) => row.seeds))].sort((a, b) => a - b);
  const seeds = runs.map(String).join(' or ');
  return [
    ...(rows.some((row) => row.lane === 'cuda')
      ? measured(gpu, label)
      : [gpu, `lane: ${all((row) => row.lane)} (simulated GPU)`, label]),
    `${seeds || 'no'} ${seeds === '1' ? 'run' : 'runs'} a cell`,
    ...(coverage.measured < coverage.of
      ? [
          `${String(coverage.measured)} of ${String(coverage.of)} cells measured` +
            (coverage.in_part > 0 ? `, ${String(coverage.in_part)} in part` : ''),
        ]
      : []),
    ...(coverage.not_applicable > 0
      ? [`${String(coverage.not_applicable)} cells not applicable`]
      : []),
    ...(quick ? ['quick: reduced request counts'] : []),
  ].join('  ·  ');
}

/** "measured, synthetic programs" says how (measured) and of what; the GPU belongs to the first. */
function measured(gpu: string, label: string): string[] {
  const [how = label, ...of] = label.split(', ');
  return [`lane: cuda, ${how} on ${gpu}`, ...of];
}
