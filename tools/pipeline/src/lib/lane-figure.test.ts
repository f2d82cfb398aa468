import { describe, expect, test } from '@jest/globals';
import type { FigureDefinition } from './figure-schema.ts';
import { smallFigure } from './figure-for-test.ts';
import { cudaFigure, laneFigure, laneFolder } from './lane-figure.ts';

const figure = (cuda: FigureDefinition['cuda']): FigureDefinition => ({ ...smallFigure(), cuda });

describe('what cuda replaces', () => {
  test('a figure without it is the same on a real GPU', () => {
    expect(cudaFigure(smallFigure())).toEqual(smallFigure());
  });

  test('GPU, seeds, systems: a text takes the figure’s own entry', () => {
    const streams = { id: 'streams', label: 'Streams', system: 'streams' };
    const made = cudaFigure(figure({ gpu: 'gpu-b', seeds: [7], systems: ['deep', streams] }));
    expect(made).toMatchObject({ gpu: 'gpu-b', seeds: [7] });
    expect(made.systems).toEqual([smallFigure().systems[1], streams]);
    expect(made.cuda).toBeUndefined();
  });

  test('fields of clients: of every value, then of one', () => {
    const { axes } = cudaFigure(
      figure({
        axes: {
          be: { '*': { client: { warmup: 3, requests: 5 } }, txl: { client: { requests: 9 } } },
          hp: { resnet50: { client: { traffic: { kind: 'poisson', load: 0.1 } }, params: {} } },
        },
      }),
    );
    expect(axes['be']?.map(({ client }) => [client?.warmup, client?.requests])).toEqual([
      [3, 5],
      [3, 9],
    ]);
    expect(axes['hp']?.[0]?.client?.traffic).toEqual({ kind: 'poisson', load: 0.1 });
    expect(axes['hp']?.[0]?.client?.requests).toBe(100);
    expect(axes['hp']?.[0]?.params).toEqual({});
  });

  test('parameters of entries that are not there go', () => {
    const { axes } = cudaFigure(figure({ systems: ['ideal'] }));
    expect(axes['hp']?.[0]?.params).toEqual({});
  });
});

test('a lane has its plans, reduced if asked for, and its folder', () => {
  const whole = figure({ gpu: 'gpu-b', quick: { seeds: [2], requests: { hp: 3 } } });
  const lane = { lane: 'cuda', plans: 'cuda', quick: true } as const;
  const quick = laneFigure(whole, lane);
  expect(quick.seeds).toEqual([2]);
  expect(quick.axes['hp']?.[0]?.client?.requests).toBe(3);
  expect(laneFigure(whole, { plans: 'own', quick: true }).seeds).toEqual([1]);
  expect(laneFolder(lane, 'gpu-b')).toBe('cuda-quick');
  expect(laneFolder({ lane: 'sim', plans: 'own', quick: false }, 'gpu-a')).toBe('sim');
  expect(laneFolder({ lane: 'sim', plans: 'cuda', quick: false }, 'gpu-b')).toBe('sim-gpu-b');
});
