import { expect, test } from '@jest/globals';
import { smallFigure } from './figure-for-test.ts';
import type { FigureDefinition } from './figure-schema.ts';
import type { Measurement } from './measure.ts';
import { parseMetric } from './metric-names.ts';
import { winners, winnersCsv } from './winners.ts';
import { winnersMarkdown } from './winners-markdown.ts';

const [ideal, deep] = smallFigure().systems;
const systems = [
  ...[ideal, deep].flatMap((entry) => entry ?? []),
  { id: 'mps', label: 'MPS', system: 'mps' },
  { id: 'far', label: 'Far', system: 'far' },
];
const FIGURE: FigureDefinition = {
  ...smallFigure(),
  systems,
  metrics: ['hp_latency_p99', 'system_throughput'],
  winners: [
    { id: 'fast', label: 'Fastest', metric: 'hp_latency_p99', best: 'lowest', except: ['ideal'] },
    {
      ...{ id: 'busy', label: 'Busiest', metric: 'system_throughput', best: 'highest' },
      within: { metric: 'hp_latency_p99', at_most: 12 },
    },
  ],
};

/** A measurement of the cell beside `be` whose two resamples lie at ± spread. */
function measured(
  system: string,
  be: string,
  name: string,
  value: number,
  spread: [number, number] = [-0.5, 0.5],
): Measurement {
  const metric = parseMetric(name, ['hp', 'be']);
  const entry = systems.find(({ id }) => id === system);
  if (metric === null || entry === undefined) throw new Error(name);
  return {
    ...{
      entry,
      metric,
      value,
      cell: { hp: 'resnet50', be },
      perRun: [],
      n: 1,
      seeds: 1,
      notes: [],
    },
    replicates: Float64Array.from(spread, (offset) => value + offset),
  };
}

const MEASURED = [
  measured('ideal', 'bert', 'hp_latency_p99', 5),
  measured('deep', 'bert', 'hp_latency_p99', 10),
  // Above in one resample, below in the other: not told apart.
  measured('mps', 'bert', 'hp_latency_p99', 10.2, [0.5, -0.5]),
  measured('far', 'bert', 'hp_latency_p99', 20),
  ...['ideal', 'deep', 'far'].map((system, i) =>
    measured(system, 'bert', 'system_throughput', 1 + i, [0, 0]),
  ),
  measured('deep', 'txl', 'hp_latency_p99', 30, [0, 0]),
  measured('mps', 'txl', 'hp_latency_p99', 60, [0, 0]),
];

test('each question has a winner in each cell, a lead on the second best, and ties', () => {
  const found = winners(FIGURE, MEASURED).map(
    ({ question, cell, winner, runner_up: next, tied }) => [
      `${cell['be'] ?? ''} ${question.id}`,
      winner?.system,
      next?.system,
      next?.lead.value,
      tied,
    ],
  );
  expect(found).toEqual([
    ['bert fast', 'deep', 'mps', expect.closeTo(1.02), ['mps']],
    // Far does more, but not within the limit.
    ['bert busy', 'deep', 'ideal', 2, []],
    ['txl fast', 'deep', 'mps', 2, []],
    ['txl busy', undefined, undefined, undefined, []],
  ]);
});

test('intervals of a lead pair the resamples: what both saw alike does not widen it', () => {
  const pair = [
    measured('deep', 'bert', 'hp_latency_p99', 10, [-5, 5]),
    measured('mps', 'bert', 'hp_latency_p99', 20, [-10, 10]),
  ];
  const lead = winners(FIGURE, pair)[0]?.runner_up?.lead;
  expect(lead).toEqual({ value: 2, low: 2, high: 2 });
});

test('winners.csv has a row a question and cell, empty where nobody wins', () => {
  const rows = winnersCsv(['hp', 'be'], winners(FIGURE, MEASURED)).split('\n');
  expect(rows[0]).toBe(
    'hp,be,question,metric,winner,value,ci_low,ci_high,runner_up,runner_up_value,lead,lead_ci_low,lead_ci_high,tied,candidates',
  );
  expect(rows[3]).toBe('resnet50,txl,fast,hp_latency_p99,deep,30,30,30,mps,60,2,2,2,,2');
  expect(rows[4]).toBe('resnet50,txl,busy,system_throughput,,,,,,,,,,,0');
});

test('winners.md names winners, ties, how often, and why a cell has no value', () => {
  const missing = [1, 2].map((seed) => ({
    ...{ system: 'far', cell: { hp: 'resnet50', be: 'txl' }, seed },
    reason: 'not applicable: it needs a | bar',
  }));
  const page = winnersMarkdown(FIGURE, winners(FIGURE, MEASURED), missing);
  expect(page).toContain(
    '| ResNet50, BERT | **REEF, 12 deep** 10 [9.53, 10.5], tied with MPS | **REEF, 12 deep** 2 [2, 2], 2 × [2, 2] ahead of Ideal |',
  );
  expect(page).toContain(
    '| ResNet50, Transformer-XL | **REEF, 12 deep** 30 [30, 30], 2 × [2, 2] ahead of MPS | none |',
  );
  expect(page).toContain('| REEF, 12 deep | 2 | 1 |\n| MPS | 1 | 0 |\n');
  expect(page).toContain('| Far | ResNet50, Transformer-XL | not applicable: it needs a \\| bar |');
});
