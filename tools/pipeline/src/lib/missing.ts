/**
 * missing.csv: the plans of a figure that have no records, and why. A complete figure has no such file.
 *
 * Measurements may be partial. What is absent must be visible wherever results are shown, so that a cell that
 * was never measured is not taken for one that failed, or overlooked.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readCsv, toCsv } from './csv.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { writeAtomic } from './files.ts';
import { cellsOf, idsOf } from './plans.ts';

export interface MissingPlan {
  system: string;
  /** Axis value id by axis; a client that runs alone has its own axis only. */
  cell: Record<string, string>;
  seed: number;
  reason: string;
}

export const MISSING = 'missing.csv';
const FILE = MISSING;

/** How the reason begins where the system cannot serve the plan, on any machine. */
export const NOT_APPLICABLE = 'not applicable';

export function writeMissing(
  out: string,
  axes: readonly string[],
  missing: readonly MissingPlan[],
): void {
  const path = join(out, FILE);
  if (missing.length === 0) {
    rmSync(path, { force: true });
    return;
  }
  const rows = missing.map(({ system, cell, seed, reason }) => [
    system,
    ...axes.map((axis) => cell[axis] ?? ''),
    seed,
    reason,
  ]);
  writeAtomic(path, toCsv(['system', ...axes, 'seed', 'reason'], rows));
}

export function readMissing(out: string, axes: readonly string[]): MissingPlan[] {
  const path = join(out, FILE);
  if (!existsSync(path)) return [];
  return readCsv(path, 'run the gather step again').map((row) => ({
    system: row['system'] ?? '',
    cell: Object.fromEntries(
      axes.map((axis): [string, string] => [axis, row[axis] ?? '']).filter(([, id]) => id !== ''),
    ),
    seed: Number(row['seed']),
    reason: row['reason'] ?? '',
  }));
}

/** Why a system's value in a cell is absent or rests on fewer runs; null if it is complete. */
export function missingReason(
  missing: readonly MissingPlan[],
  system: string,
  cell: Record<string, string>,
): string | null {
  return missingOf(missing, system, cell)[0]?.reason ?? null;
}

/** The plans among them that a system's value in a cell rests on. */
function missingOf(
  missing: readonly MissingPlan[],
  system: string,
  cell: Record<string, string>,
): MissingPlan[] {
  return missing.filter(
    (plan) =>
      plan.system === system && Object.entries(plan.cell).every(([axis, id]) => cell[axis] === id),
  );
}

/** Each system and cell without a value, with labels and the first reason: rows for a plot. */
export function missingCells(
  figure: FigureDefinition,
  missing: readonly MissingPlan[],
): Record<string, string>[] {
  return figure.systems.flatMap((entry) =>
    cellsOf(figure, entry).flatMap((choice) => {
      const cell = idsOf(choice);
      const reason = missingReason(missing, entry.id, cell);
      if (reason === null) return [];
      const labels = Object.entries(choice).map(([axis, { label }]) => [`${axis}_label`, label]);
      return [
        {
          ...{ system: entry.id, system_label: entry.label, ...cell, reason },
          ...(Object.fromEntries(labels) as Record<string, string>),
        },
      ];
    }),
  );
}

export interface Coverage {
  /** Cells, over all systems, that are measured with every seed. */
  measured: number;
  /** Cells that are measured with some seeds. */
  in_part: number;
  /** All of them but those that are not applicable. */
  of: number;
  not_applicable: number;
}

/** How many of the figure's cells are measured. */
export function coverage(figure: FigureDefinition, missing: readonly MissingPlan[]): Coverage {
  const all = figure.systems.flatMap((entry) =>
    cellsOf(figure, entry).map((cell) => ({ system: entry.id, cell: idsOf(cell) })),
  );
  const gaps = all.map(({ system, cell }) => missingOf(missing, system, cell));
  const refused = gaps.filter(([first]) => first?.reason.startsWith(NOT_APPLICABLE)).length;
  const absentSeeds = gaps.map((plans) => new Set(plans.map(({ seed }) => seed)).size);
  return {
    measured: absentSeeds.filter((seeds) => seeds === 0).length,
    in_part: absentSeeds.filter((seeds) => seeds > 0 && seeds < figure.seeds.length).length,
    of: all.length - refused,
    not_applicable: refused,
  };
}
