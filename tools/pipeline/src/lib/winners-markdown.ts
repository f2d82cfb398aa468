/** winners.md: who wins where and by how much, how often, and which systems do not serve which cells, for people. */

import type { FigureDefinition, WinnerDefinition } from './figure-schema.ts';
import type { MissingPlan } from './missing.ts';
import type { Outcome, Range } from './winners.ts';

export function winnersMarkdown(
  figure: FigureDefinition,
  outcomes: readonly Outcome[],
  missing: readonly MissingPlan[],
): string {
  const questions = figure.winners ?? [];
  const labels = new Map(figure.systems.map(({ id, label }) => [id, label]));
  const label = (id: string): string => labels.get(id) ?? id;
  const rows = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const name = cellLabel(figure, outcome.cell);
    rows.set(name, [...(rows.get(name) ?? []), outcome]);
  }
  const lines = [
    `# Who wins where: ${figure.title}`,
    '',
    'Values with 95 % intervals. A lead is the factor by which the winner is better than the second best; where its ' +
      'interval reaches 1 the two are tied: a repeat could turn their order around.',
    '',
    ...table(
      [Object.keys(figure.axes).join(', '), ...questions.map(heading)],
      [...rows].map(([name, ofCell]) => [name, ...ofCell.map((outcome) => answer(outcome, label))]),
    ),
    '',
    '## How often',
    '',
    'Cells in which a system wins or is tied with the winner.',
    '',
    ...table(
      ['system', ...questions.map(({ label: text }) => text)],
      figure.systems
        .map(({ id }) => [
          label(id),
          ...questions.map((question) => String(wins(outcomes, question, id))),
        ])
        .filter(([, ...counts]) => counts.some((count) => count !== '0')),
    ),
  ];
  const absent = reasons(figure, missing);
  if (absent.length > 0)
    lines.push('', '## Cells without a value', '', ...table(['system', 'cells', 'why'], absent));
  return `${lines.join('\n')}\n`;
}

function heading({ label, metric, within }: WinnerDefinition): string {
  const condition =
    within === undefined ? '' : `, ${within.metric} at most ${String(within.at_most)}`;
  return `${label} (${metric}${condition})`;
}

/** "**Orion** 1.02 [1.01, 1.03], 1.10 × [1.05, 1.2] ahead of REEF"; ties are named. */
function answer({ winner, runner_up: next, tied }: Outcome, label: (id: string) => string): string {
  if (winner === null) return 'none';
  const best = `**${label(winner.system)}** ${interval(winner)}`;
  if (tied.length > 0) return `${best}, tied with ${tied.map(label).join(', ')}`;
  return next === null
    ? `${best}, alone`
    : `${best}, ${lead(next.lead)} ahead of ${label(next.system)}`;
}

/** Leads lie near 1: a digit more. */
function lead({ value, low, high }: Range): string {
  const [at, from, to] = [value, low, high].map((factor) => short(factor, 4));
  return `${at ?? ''} × [${from ?? ''}, ${to ?? ''}]`;
}

function interval({ value, low, high }: Range): string {
  return `${short(value)} [${short(low)}, ${short(high)}]`;
}

/** Above 1000 whole. */
function short(value: number, digits = 3): string {
  return Math.abs(value) >= 1000 ? value.toFixed(0) : Number(value.toPrecision(digits)).toString();
}

function wins(outcomes: readonly Outcome[], question: WinnerDefinition, system: string): number {
  return outcomes.filter(
    ({ question: asked, winner, tied }) =>
      asked.id === question.id && (winner?.system === system || tied.includes(system)),
  ).length;
}

/** Systems and reasons, each with the cells that it is given for. */
function reasons(figure: FigureDefinition, missing: readonly MissingPlan[]): string[][] {
  return figure.systems.flatMap(({ id, label }) => {
    const ofSystem = missing.filter(({ system }) => system === id);
    return [...new Set(ofSystem.map(({ reason }) => reason))].map((reason) => {
      const cells = ofSystem
        .filter((plan) => plan.reason === reason)
        .map(({ cell }) => cellLabel(figure, cell));
      const distinct = [...new Set(cells)];
      const all = Object.values(figure.axes).reduce(
        (product, values) => product * values.length,
        1,
      );
      return [label, distinct.length === all ? 'all' : distinct.join('; '), reason];
    });
  });
}

function cellLabel(figure: FigureDefinition, cell: Record<string, string>): string {
  return Object.entries(cell)
    .map(([axis, id]) => figure.axes[axis]?.find((value) => value.id === id)?.label ?? id)
    .join(', ');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (fields: readonly string[]): string =>
    `| ${fields.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)];
}
