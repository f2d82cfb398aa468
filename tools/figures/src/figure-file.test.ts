import { describe, expect, test } from '@jest/globals';
import { FigureError, readFigure } from './figure-file.mjs';
import { figure, workspace } from './workspace-for-test.ts';

const FILE = 'packages/orion/figures/fig7/figure.json';

function read(content: unknown): unknown {
  return readFigure(workspace({ [FILE]: content }), FILE);
}

describe('a readable definition', () => {
  test('gives systems, GPU, and every program and trace that any client names', () => {
    const everywhere = { own: true, cuda: true, quick: true, cudaQuick: true };
    expect(read(figure())).toEqual({
      paper: 'orion',
      id: 'fig7',
      gpu: 'v100-16',
      cudaGpu: 'v100-16',
      systems: [
        { id: 'mps', system: 'mps', ...everywhere },
        { id: 'reef-deep', system: 'reef', ...everywhere },
      ],
      plots: [],
      programs: ['h200/a-inference', 'h200/b-training'],
      gapFiles: ['x.json'],
      synthetic: false,
      runValues: null,
      recordsRefusals: false,
      hasWinners: false,
      takesSystems: false,
      takesWorkloads: false,
    });
  });

  test('says which systems have plans for a real GPU, and names that GPU', () => {
    const cuda = { gpu: 'h200', systems: ['reef-deep', { id: 'streams' }] };
    expect(read(figure({ cuda }))).toMatchObject({
      gpu: 'v100-16',
      cudaGpu: 'h200',
      systems: [
        { id: 'mps', own: true, cuda: false },
        { id: 'reef-deep', system: 'reef', own: true, cuda: true },
        { id: 'streams', system: 'streams', own: false, cuda: true },
      ],
    });
  });

  test('names its plots, also those of a sibling', () => {
    expect(read(figure({ plots: ['b.vl.json', '../fig6/a.vl.json'] }))).toMatchObject({
      plots: ['packages/orion/figures/fig6/a.vl.json', 'packages/orion/figures/fig7/b.vl.json'],
    });
  });

  test('may name programs anywhere, once each', () => {
    const systems = [{ id: 'mps', overrides: { be: { program: 'h200/c' } } }];
    expect(read(figure({ systems }))).toMatchObject({
      programs: ['h200/a-inference', 'h200/b-training', 'h200/c'],
    });
  });
});

describe('what is registered', () => {
  const SYSTEMS = 'packages/shared-native/src/systems';
  const MIXES = 'packages/baselines/workloads';
  const registry = {
    [`${SYSTEMS}/mps.cpp`]: '',
    [`${SYSTEMS}/mps_priority.cpp`]: '',
    [`${SYSTEMS}/mps_test.cpp`]: '',
    [`${MIXES}/b.json`]: { clients: { hp: [{ program: 'h200/b' }] } },
    [`${MIXES}/a.json`]: { clients: { hp: [{ program: 'h200/a', gaps_file: 'a-gaps.json' }] } },
  };
  const asking = figure({
    ...{ systems: [{ id: 'mps' }, 'registered'], axes: { mix: ['registered'] } },
    ...{ run_by: 'mix', refusals: 'recorded' },
  });

  test('takes the place of "registered", last in a list: systems and mixes', () => {
    const root = workspace({ ...registry, [FILE]: asking });
    expect(readFigure(root, FILE)).toMatchObject({
      systems: [{ id: 'mps' }, { id: 'mps-priority', system: 'mps-priority' }],
      programs: ['h200/a', 'h200/b'],
      runValues: [
        { id: 'a', programs: ['h200/a'], gapFiles: ['a-gaps.json'] },
        { id: 'b', programs: ['h200/b'], gapFiles: [] },
      ],
      ...{ recordsRefusals: true, takesSystems: true, takesWorkloads: true },
    });
  });

  test('that cannot be read is named with its file and line', () => {
    const broken = { ...registry, [`${MIXES}/b.json`]: '{\n "label" 7\n}' };
    const root = workspace({ ...broken, [FILE]: asking });
    const attempt = (): unknown => readFigure(root, FILE);
    expect(attempt).toThrow(FigureError);
    expect(attempt).toThrow(
      /^packages\/baselines\/workloads\/b\.json: line 2: not JSON .* expected a workload mix$/,
    );
  });

  test('an axis to run by that is not there is a mistake of the figure', () => {
    expect(() => read(figure({ run_by: 'mix' }))).toThrow(/: run_by: "mix"; expected an axis$/);
  });
});

describe('a mistake is one line with file, place and what would be right', () => {
  test.each([
    [
      'not JSON',
      '{\n "id": "fig7",\n}',
      /^packages.*json: line 3: not JSON \(.*\); expected a figure/,
    ],
    ['a list', [], /: the file: expected an object$/],
    [
      'another id',
      figure({ id: 'fig8' }),
      /: id: "fig8"; expected "fig7", as the folder is named$/,
    ],
    ['no paper', figure({ paper: undefined }), /: paper: nothing; expected "orion"/],
    ['no GPU', figure({ gpu: 7 }), /: gpu: 7; expected a name such as "h200"/],
    ['a GPU with a path', figure({ gpu: '../h200' }), /: gpu: "..\/h200"; expected a name/],
    ['no systems', figure({ systems: [] }), /: systems: expected a list with at least one system$/],
    ['a system as text', figure({ systems: ['mps'] }), /: systems\[0\]: expected an object$/],
    ['a bad system', figure({ systems: [{ id: 'MPS!' }] }), /: systems\[0\].id: "MPS!"; expected/],
    [
      'a system twice',
      figure({ systems: [{ id: 'mps' }, { id: 'mps' }] }),
      /: systems\[1\].id: "mps" appears twice/,
    ],
    ['a GPU lane as a list', figure({ cuda: [] }), /: cuda: expected an object$/],
    [
      'an unknown entry on a real GPU',
      figure({ cuda: { systems: ['mpps'] } }),
      /: cuda.systems\[0\]: "mpps"; expected the id of an entry of systems, or an entry$/,
    ],
    [
      'one entry with two schedulers',
      figure({ cuda: { systems: [{ id: 'mps', system: 'mps-priority' }] } }),
      /: cuda.systems\[0\].system: "mps-priority", but "mps" is "mps" in systems; expected another id$/,
    ],
  ])('%s', (_, content, message) => {
    const attempt = () => read(content);
    expect(attempt).toThrow(FigureError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/\n/);
  });
});
