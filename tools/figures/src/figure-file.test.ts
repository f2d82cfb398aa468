import { describe, expect, test } from '@jest/globals';
import { FigureError, readFigure } from './figure-file.mjs';
import { figure, workspace } from './workspace-for-test.ts';

const FILE = 'packages/orion/figures/fig7/figure.json';

function read(content: unknown): unknown {
  return readFigure(workspace({ [FILE]: content }), FILE);
}

describe('a readable definition', () => {
  test('gives systems, GPU, and every program and trace that any client names', () => {
    expect(read(figure())).toEqual({
      paper: 'orion',
      id: 'fig7',
      gpu: 'v100-16',
      systems: [
        { id: 'mps', system: 'mps' },
        { id: 'reef-deep', system: 'reef' },
      ],
      programs: ['h200/a-inference', 'h200/b-training'],
      gapFiles: ['x.json'],
    });
  });

  test('may name programs anywhere, once each', () => {
    const systems = [{ id: 'mps', overrides: { be: { program: 'h200/c' } } }];
    expect(read(figure({ systems }))).toMatchObject({
      programs: ['h200/a-inference', 'h200/b-training', 'h200/c'],
    });
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
  ])('%s', (_, content, message) => {
    const attempt = () => read(content);
    expect(attempt).toThrow(FigureError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/\n/);
  });
});
