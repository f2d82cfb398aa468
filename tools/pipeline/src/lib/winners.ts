/**
 * Who wins where, and by how much: for each question that the figure asks, the best system of each cell and its lead on
 * every other one, with intervals that know that all of them saw the same arrivals.
 *
 * A lead is the factor by which the winner is better than another system. Where its interval reaches 1, a repeat could
 * turn the order around: these two are tied.
 */

import { join } from 'node:path';
import { interval } from './bootstrap.ts';
import { toCsv } from './csv.ts';
import type { FigureDefinition, WinnerDefinition } from './figure-schema.ts';
import { writeAtomic } from './files.ts';
import type { Measurement } from './measure.ts';
import type { MissingPlan } from './missing.ts';
import { cells, idsOf } from './plans.ts';
import { winnersMarkdown } from './winners-markdown.ts';

export interface Range {
  value: number;
  low: number;
  high: number;
}

export interface Outcome {
  question: WinnerDefinition;
  cell: Record<string, string>;
  /** Systems with a value that compete, and that keep the condition. */
  candidates: number;
  /** Null where no system keeps it. */
  winner: ({ system: string } & Range) | null;
  /** The second best, with the winner's lead on it; null where there is none. */
  runner_up: ({ system: string; lead: Range } & Range) | null;
  /** Entries that are not told apart from the winner, in the order of the figure. */
  tied: string[];
}

/** Every question in every cell, cell by cell. */
export function winners(figure: FigureDefinition, measured: readonly Measurement[]): Outcome[] {
  return cells(figure).flatMap((choice) => {
    const cell = idsOf(choice);
    const here = measured.filter((m) =>
      Object.entries(cell).every(([axis, id]) => m.cell[axis] === id),
    );
    return (figure.winners ?? []).map((question) => outcome(question, cell, here));
  });
}

function outcome(
  question: WinnerDefinition,
  cell: Record<string, string>,
  measured: readonly Measurement[],
): Outcome {
  const { metric, best, within, except = [] } = question;
  const keeps = (m: Measurement): boolean =>
    within === undefined ||
    measured.some(
      (other) =>
        other.entry === m.entry &&
        other.metric.name === within.metric &&
        other.value <= within.at_most,
    );
  const candidates = measured.filter(
    (m) => m.metric.name === metric && !except.includes(m.entry.id) && keeps(m),
  );
  // The sort is stable: equal values stay in the order of the figure.
  const ranked = [...candidates].sort((a, b) =>
    best === 'lowest' ? a.value - b.value : b.value - a.value,
  );
  const [first, second] = ranked;
  if (first === undefined)
    return { question, cell, candidates: 0, winner: null, runner_up: null, tied: [] };
  const lead = (other: Measurement): Range =>
    best === 'lowest' ? ratio(other, first) : ratio(first, other);
  return {
    question,
    cell,
    candidates: candidates.length,
    winner: { system: first.entry.id, ...range(first) },
    runner_up:
      second === undefined
        ? null
        : { system: second.entry.id, ...range(second), lead: lead(second) },
    tied: candidates
      .filter((other) => other !== first && lead(other).low <= 1)
      .map(({ entry }) => entry.id),
  };
}

function range({ value, replicates }: Measurement): Range {
  const [low, high] = interval(replicates);
  return { value, low, high };
}

/** Resample by resample, which share their choice of runs: what differs from run to run for both does not widen it. */
function ratio(a: Measurement, b: Measurement): Range {
  const [low, high] = interval(a.replicates.map((value, i) => value / (b.replicates[i] ?? NaN)));
  return { value: a.value / b.value, low, high };
}

const FOUR = 4;
const shown = (value: number | undefined): number | string =>
  value === undefined ? '' : Number(value.toPrecision(FOUR));

/** One row a question and cell. */
export function winnersCsv(axes: readonly string[], outcomes: readonly Outcome[]): string {
  const columns = [
    ...axes,
    ...['question', 'metric', 'winner', 'value', 'ci_low', 'ci_high'],
    ...['runner_up', 'runner_up_value', 'lead', 'lead_ci_low', 'lead_ci_high'],
    ...['tied', 'candidates'],
  ];
  return toCsv(
    columns,
    outcomes.map(({ question, cell, winner, runner_up: next, tied, candidates }) => [
      ...axes.map((axis) => cell[axis] ?? ''),
      question.id,
      question.metric,
      winner?.system ?? '',
      ...[winner?.value, winner?.low, winner?.high].map(shown),
      next?.system ?? '',
      ...[next?.value, next?.lead.value, next?.lead.low, next?.lead.high].map(shown),
      tied.join(' '),
      candidates,
    ]),
  );
}

/** Writes winners.csv and winners.md of a figure that asks for them. */
export function writeWinners(
  out: string,
  figure: FigureDefinition,
  measured: readonly Measurement[],
  missing: readonly MissingPlan[],
): void {
  if (figure.winners === undefined) return;
  const outcomes = winners(figure, measured);
  writeAtomic(join(out, 'winners.csv'), winnersCsv(Object.keys(figure.axes), outcomes));
  writeAtomic(join(out, 'winners.md'), winnersMarkdown(figure, outcomes, missing));
}
