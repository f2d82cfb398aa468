/**
 * Judging a paper's claims: each claim is data in figure.json, each verdict comes with the numbers it rests on.
 *
 * HOLDS: the relation holds in every cell that the claim covers, within its tolerance. FAILS: it does not in
 * at least one. UNTESTED: a value is missing, or marked as too thin for a conclusion. Verdicts compare point
 * values; a cell whose intervals overlap says so, because there a repeat could decide otherwise.
 */

import type { Claim } from './claim-schema.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { MEAN } from './figure.ts';
import { missingReason, type MissingPlan } from './missing.ts';
import { cells as figureCells, idsOf } from './plans.ts';
import type { ResultRow } from './results.ts';

export type Verdict = 'HOLDS' | 'FAILS' | 'UNTESTED';
type Relation = '<' | '<=' | '>' | '>=';

export interface Estimate {
  of: string;
  value: number;
  ci_low: number;
  ci_high: number;
}

export interface CellVerdict {
  cell: Record<string, string>;
  verdict: Verdict;
  /** The numbers compared, in the order of the claim. */
  estimates: Estimate[];
  reason: string;
}

export interface ClaimVerdict {
  id: string;
  kind: Claim['kind'];
  verdict: Verdict;
  statement: string;
  source: string;
  verified: boolean;
  published: string | null;
  metric: string;
  unit: string;
  tolerance: number;
  cells: CellVerdict[];
  summary: string;
}

/** Judges every claim of the figure on its results; `missing` says why some are not there. */
export function judge(
  figure: FigureDefinition,
  rows: readonly ResultRow[],
  missing: readonly MissingPlan[] = [],
): ClaimVerdict[] {
  return (figure.claims ?? []).map((claim) => judgeClaim(figure, claim, rows, missing));
}

function judgeClaim(
  figure: FigureDefinition,
  claim: Claim,
  rows: readonly ResultRow[],
  missing: readonly MissingPlan[],
): ClaimVerdict {
  const ofMetric = rows.filter((row) => row.metric === claim.metric && covers(claim, row.cell));
  // A cell in which nothing is measured has no row, and is still one that the claim covers.
  const absent =
    missing.length === 0 ? [] : everyCell(figure).filter((cell) => covers(claim, cell));
  const cells =
    claim.kind === 'monotone' || claim.kind === 'peak'
      ? judgeAlong(figure, claim, ofMetric)
      : distinctCells([...ofMetric.map(({ cell }) => cell), ...absent]).map((cell) =>
          judgeCell(claim, cell, ofMetric, missing),
        );
  const verdict = overall(cells);
  return {
    id: claim.id,
    kind: claim.kind,
    verdict,
    statement: claim.statement,
    source: claim.source,
    verified: claim.verified,
    published: claim.published ?? null,
    metric: claim.metric,
    unit: ofMetric[0]?.unit ?? '',
    tolerance: claim.tolerance,
    cells,
    summary: summarise(verdict, cells),
  };
}

/** A claim covers the cells it names; one that names no mean covers none of the means. */
function covers(claim: Claim, cell: Record<string, string>): boolean {
  return Object.entries(cell).every(([axis, value]) => {
    const wanted = claim.cells?.[axis];
    return wanted === undefined ? value !== MEAN : value === wanted;
  });
}

function judgeCell(
  claim: Exclude<Claim, { kind: 'monotone' | 'peak' }>,
  cell: Record<string, string>,
  rows: readonly ResultRow[],
  missing: readonly MissingPlan[],
): CellVerdict {
  const find = (system: string): ResultRow | undefined =>
    rows.find((row) => row.system === system && sameCell(row.cell, cell));
  const names =
    claim.kind === 'order'
      ? claim.systems
      : claim.kind === 'ratio'
        ? [claim.of, claim.to]
        : [claim.of];
  const found = names.map(find);
  const thin = untested(names, found, (name) => whyMissing(missing, name, cell));
  const estimates = found.flatMap((row) => (row === undefined ? [] : [toEstimate(row)]));
  if (thin !== null) return { cell, verdict: 'UNTESTED', estimates, reason: thin };

  const steps =
    claim.kind === 'order'
      ? claim.relations.flatMap((relation, i) => {
          const [left, right] = [estimates[i], estimates[i + 1]];
          return left === undefined || right === undefined
            ? []
            : [compare(left, relation, right, claim.tolerance)];
        })
      : [compareToBound(claim, estimates)];
  const broken = steps.filter((step) => !step.holds);
  return {
    cell,
    verdict: broken.length === 0 ? 'HOLDS' : 'FAILS',
    estimates,
    reason: (broken.length === 0 ? steps : broken).map((step) => step.text).join(', '),
  };
}

interface Comparison {
  holds: boolean;
  text: string;
}

function compare(
  left: Estimate,
  relation: Relation,
  right: Estimate,
  tolerance: number,
): Comparison {
  const holds = related(left.value, relation, right.value, tolerance);
  const overlap = left.ci_low <= right.ci_high && right.ci_low <= left.ci_high;
  const shown = `${left.of} ${format(left.value)} ${holds ? relation : `not ${relation}`} ${right.of} ${format(right.value)}`;
  return { holds, text: overlap ? `${shown} (intervals overlap)` : shown };
}

function compareToBound(
  claim: Extract<Claim, { kind: 'ratio' | 'bound' }>,
  estimates: readonly Estimate[],
): Comparison {
  const [of, to] = estimates;
  const value = (of?.value ?? NaN) / (claim.kind === 'ratio' ? (to?.value ?? NaN) : 1);
  const holds = related(value, claim.relation, claim.value, claim.tolerance);
  const name = claim.kind === 'ratio' ? `${claim.of}/${claim.to}` : claim.of;
  return {
    holds,
    text: `${name} ${format(value)} ${holds ? claim.relation : `not ${claim.relation}`} ${format(claim.value)}`,
  };
}

/** `<=` and `>=` have relative slack in their favour; a strict relation is a ranking and has none. */
function related(left: number, relation: Relation, right: number, tolerance: number): boolean {
  const slack = tolerance * Math.abs(right);
  switch (relation) {
    case '<':
      return left < right;
    case '<=':
      return left <= right + slack;
    case '>':
      return left > right;
    case '>=':
      return left >= right - slack;
  }
}

/** One verdict per cell without the axis: the values along it rise or fall from step to step, or one tops all. */
function judgeAlong(
  figure: FigureDefinition,
  claim: Extract<Claim, { kind: 'monotone' | 'peak' }>,
  rows: readonly ResultRow[],
): CellVerdict[] {
  const order = figure.axes[claim.along]?.map(({ id }) => id) ?? [];
  const own = rows.filter((row) => row.system === claim.of);
  const rest = (cell: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(cell).filter(([axis]) => axis !== claim.along));
  return distinctCells(own.map((row) => rest(row.cell))).map((cell) => {
    const found = order.map((id) =>
      own.find((row) => sameCell(row.cell, { ...cell, [claim.along]: id })),
    );
    const thin = untested(order, found, () => null);
    const estimates = found.flatMap((row, i) =>
      row === undefined ? [] : [{ ...toEstimate(row), of: order[i] ?? '' }],
    );
    if (thin !== null) return { cell, verdict: 'UNTESTED', estimates, reason: thin };
    const steps = comparisonsAlong(claim, estimates);
    const broken = steps.filter((step) => !step.holds);
    return {
      cell,
      verdict: broken.length === 0 ? 'HOLDS' : 'FAILS',
      estimates,
      reason: (broken.length === 0 ? steps : broken).map((step) => step.text).join(', '),
    };
  });
}

function comparisonsAlong(
  claim: Extract<Claim, { kind: 'monotone' | 'peak' }>,
  estimates: readonly Estimate[],
): Comparison[] {
  if (claim.kind === 'peak') {
    const top = estimates.find(({ of }) => of === claim.at);
    if (top === undefined) return [];
    return estimates
      .filter((other) => other !== top)
      .map((other) => compare(top, '>=', other, claim.tolerance));
  }
  const relation = claim.direction === 'rising' ? '<=' : '>=';
  return estimates.slice(1).flatMap((right, i) => {
    const left = estimates[i];
    return left === undefined ? [] : [compare(left, relation, right, claim.tolerance)];
  });
}

/** Why these rows cannot decide anything, or null if they can. */
function untested(
  names: readonly string[],
  rows: readonly (ResultRow | undefined)[],
  why: (name: string) => string | null,
): string | null {
  const missing = names.filter((_, i) => rows[i] === undefined);
  if (missing.length > 0) {
    const reasons = missing.flatMap((name) => why(name) ?? []);
    return reasons.length === 0
      ? `no value of ${missing.join(', ')}`
      : [...new Set(reasons)].join('; ');
  }
  const noted = rows.find((row) => row !== undefined && row.note !== '');
  return noted === undefined ? null : `${noted.system}: ${noted.note}`;
}

function overall(cells: readonly CellVerdict[]): Verdict {
  if (cells.some(({ verdict }) => verdict === 'FAILS')) return 'FAILS';
  if (cells.length === 0 || cells.some(({ verdict }) => verdict === 'UNTESTED')) return 'UNTESTED';
  return 'HOLDS';
}

function summarise(verdict: Verdict, cells: readonly CellVerdict[]): string {
  if (cells.length === 0) return 'no results in the cells that the claim covers';
  const holding = cells.filter((cell) => cell.verdict === 'HOLDS').length;
  const decisive = cells.find((cell) => cell.verdict === verdict);
  const where = decisive === undefined ? '' : cellName(decisive.cell);
  const example =
    decisive === undefined || verdict === 'HOLDS'
      ? ''
      : `; ${where === '' ? '' : `${where}: `}${decisive.reason}`;
  if (cells.length === 1 && decisive !== undefined) return decisive.reason;
  return `holds in ${String(holding)} of ${String(cells.length)} cells${example}`;
}

/** "hp=resnet50, be=bert" */
export function cellName(cell: Record<string, string>): string {
  return Object.entries(cell)
    .map(([axis, value]) => `${axis}=${value}`)
    .join(', ');
}

function toEstimate({ system, value, ci_low, ci_high }: ResultRow): Estimate {
  return { of: system, value, ci_low, ci_high };
}

function distinctCells(cells: readonly Record<string, string>[]): Record<string, string>[] {
  return [...new Map(cells.map((cell) => [cellName(cell), cell])).values()];
}

/** The figure's cells and, for each axis that it averages over, those of the means. */
function everyCell(figure: FigureDefinition): Record<string, string>[] {
  const cells = figureCells(figure).map(idsOf);
  const means = (figure.means ?? []).flatMap((axis) =>
    cells.map((cell) => ({ ...cell, [axis]: MEAN })),
  );
  return distinctCells([...cells, ...means]);
}

/** "orion: not measured"; of a mean, the first value that it lacks. */
function whyMissing(
  missing: readonly MissingPlan[],
  system: string,
  cell: Record<string, string>,
): string | null {
  const means = Object.keys(cell).filter((axis) => cell[axis] === MEAN);
  if (means.length === 0) {
    const reason = missingReason(missing, system, cell);
    return reason === null ? null : `${system}: ${reason}`;
  }
  const covers = (plan: MissingPlan): boolean =>
    plan.system === system &&
    Object.entries(plan.cell).every(([axis, id]) => means.includes(axis) || cell[axis] === id);
  const first = missing.find(covers);
  return first === undefined ? null : `${system}: ${first.reason} (${cellName(first.cell)})`;
}

function sameCell(a: Record<string, string>, b: Record<string, string>): boolean {
  const axes = Object.keys(a);
  return axes.length === Object.keys(b).length && axes.every((axis) => a[axis] === b[axis]);
}

/** Four significant digits, without an exponent in the range that results have. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Number(value.toPrecision(4)).toString();
}
