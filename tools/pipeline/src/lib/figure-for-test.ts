/** A small figure that is right in every field, for tests to change one thing of. */

import type { FigureDefinition } from './figure-schema.ts';

export function smallFigure(): FigureDefinition {
  return {
    version: 1,
    id: 'small',
    paper: 'paper',
    title: 'A small figure',
    gpu: 'gpu-a',
    systems: [
      {
        id: 'ideal',
        label: 'Ideal',
        system: 'ideal',
        alone: true,
        overrides: { be: { requests: 50 } },
      },
      { id: 'deep', label: 'REEF, 12 deep', system: 'reef', params: { depth: 12 } },
    ],
    baseline: 'ideal',
    seeds: [1, 2, 3],
    axes: {
      hp: [
        {
          id: 'resnet50',
          label: 'ResNet50',
          client: {
            program: 'gpu-a/resnet50-inference',
            priority: 'high',
            traffic: { kind: 'poisson', rate: 20 },
            requests: 100,
            warmup: 10,
          },
          params: { deep: { padding: false } },
        },
      ],
      be: [
        {
          id: 'bert',
          label: 'BERT',
          client: {
            program: 'gpu-a/bert-training',
            priority: 'best-effort',
            traffic: { kind: 'closed' },
          },
        },
        {
          id: 'txl',
          label: 'Transformer-XL',
          table_label: 'Transformer',
          client: {
            program: 'gpu-a/txl-training',
            priority: 'best-effort',
            traffic: { kind: 'closed' },
          },
        },
      ],
    },
    until: 'hp',
    quick: { seeds: [1], requests: { hp: 20, be: 5 } },
    metrics: ['hp_latency_p50', 'hp_latency_p99', 'hp_latency_p99_ratio', 'be_throughput'],
    means: ['be'],
    plots: ['small.vl.json'],
    tables: [
      {
        file: 'results/{system}_latency.csv',
        metric: 'hp_latency_p50',
        rows: 'be',
        columns: 'hp',
        all_columns: ['ResNet50', 'Other'],
      },
    ],
    claims: [
      {
        kind: 'order',
        id: 'ideal-first',
        statement: 'Ideal has the lowest latency.',
        source: 'test',
        verified: true,
        metric: 'hp_latency_p99',
        systems: ['ideal', 'deep'],
        relations: ['<='],
        tolerance: 0,
      },
    ],
  };
}

/** A Vega-Lite specification for it. */
export const SMALL_PLOT = {
  data: { url: 'results.csv' },
  transform: [{ filter: "datum.metric === 'hp_latency_p50'" }],
  mark: 'bar',
  encoding: {
    x: { field: 'be', type: 'nominal' },
    xOffset: { field: 'system' },
    y: { field: 'value', type: 'quantitative' },
    color: { field: 'system' },
    tooltip: [{ field: 'system' }, { field: 'value' }],
  },
};
