/**
 * What nx re-runs after an edit, through the real nx, pipeline and core, on a small figure of a
 * paper of its own.
 *
 * The tests are steps of one story: each leaves a fully cached figure behind.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CopiedWorkspace } from './copied-workspace-for-test.ts';

const PAPER = 'packages/tiny';
const FIGURE = `${PAPER}/figures/one/figure.json`;
const ALIAS = 'tiny:one';
/** The first run may compile the whole core. */
const MINUTES = 60_000;

const PLOT = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  data: { url: '../../../../out/tiny/one/sim/results.csv' },
  transform: [{ filter: "datum.metric === 'hp_latency_p95'" }],
  mark: 'bar',
  encoding: {
    x: { field: 'system', type: 'nominal' },
    y: { field: 'value', type: 'quantitative' },
  },
};

interface Figure {
  systems: { id: string; label: string; system: string }[];
  axes: Record<string, { client: { requests?: number }; params?: unknown }[]>;
  [field: string]: unknown;
}

let workspace: CopiedWorkspace;

/** Orion's Fig 7, cut down to one cell, three systems and few requests. */
function tinyFigure(id: string): string {
  const figure = JSON.parse(workspace.read('packages/orion/figures/fig7/figure.json')) as Figure;
  const keep = ['ideal', 'mps', 'reef'];
  delete figure['tables'];
  delete figure['means'];
  delete figure['cuda'];
  const axes = Object.fromEntries(
    Object.entries(figure.axes).map(([axis, values]) => [axis, values.slice(0, 1)]),
  );
  for (const value of axes['hp'] ?? []) {
    value.client.requests = 30;
    delete value.params;
  }
  return JSON.stringify({
    ...figure,
    ...{ id, paper: 'tiny', title: 'A small figure', seeds: [42], axes },
    systems: figure.systems.filter((system) => keep.includes(system.id)),
    quick: { requests: { hp: 20, be: 5 } },
    plots: ['one.vl.json'],
    claims: [],
  });
}

function editFigure(change: (figure: Figure) => void): void {
  workspace.edit(FIGURE, (text) => {
    const figure = JSON.parse(text) as Figure;
    change(figure);
    return JSON.stringify(figure);
  });
}

/** Executed tasks without the alias, which is never cached. */
function executed(target = ALIAS): string[] {
  return workspace.run(target).filter((task) => task !== target);
}

const runs = (tasks: string[]): string[] => tasks.filter((task) => task.includes(':run'));

/** A mix of two small jobs. */
function tinyMix(label: string): string {
  const traffic = { kind: 'closed' };
  return JSON.stringify({
    ...{ version: 1, label, description: 'Two small jobs.' },
    clients: {
      hp: [{ program: 'h200/mobilenetv2-inference-b4-fp32', traffic, requests: 10 }],
      be: [{ program: 'h200/batchnorm2d-inference-b4-fp32', traffic }],
    },
  });
}

/** Every registered system on every registered mix, as in baselines:matrix. */
function tinyMatrix(): string {
  const matrix = JSON.parse(workspace.read('packages/baselines/figures/matrix/figure.json')) as {
    systems: unknown[];
  };
  const [ideal] = matrix.systems;
  return JSON.stringify({
    ...matrix,
    ...{ id: 'all', paper: 'tiny', seeds: [42], systems: [ideal, 'registered'] },
    ...{ plots: [], claims: [] },
  });
}

beforeAll(() => {
  workspace = new CopiedWorkspace();
  workspace.write(FIGURE, tinyFigure('one'));
  workspace.write(`${PAPER}/figures/one/one.vl.json`, JSON.stringify(PLOT));
  const first = executed();
  expect(runs(first)).toEqual(['tiny/one/ideal:run', 'tiny/one/mps:run', 'tiny/one/reef:run']);
}, 15 * MINUTES);

describe('what nx re-runs', () => {
  const each = (name: string, step: () => void): void => {
    test(name, step, 5 * MINUTES);
  };

  each('nothing, when nothing changed', () => {
    expect(executed()).toEqual([]);
  });

  each('REEF alone, after an edit of systems/reef.cpp', () => {
    workspace.edit(
      'packages/shared-native/src/systems/reef.cpp',
      (code) =>
        `${code}\nint marker_of_the_caching_test();\nint marker_of_the_caching_test() { return 7; }\n`,
    );
    const tasks = executed();
    expect(runs(tasks)).toEqual(['tiny/one/reef:run']);
    expect(tasks).toContain('shared-native:build');
    expect(tasks).not.toContain('tiny/one:prep');
    expect(executed()).toEqual([]);
  });

  each('no simulated system, after an edit of the code that drives a real GPU', () => {
    const fingerprint = 'packages/shared-native/dist/fingerprints/cuda-reef.txt';
    const before = workspace.read(fingerprint);
    workspace.edit(
      'packages/shared-native/src/cuda/driver.cpp',
      (code) =>
        `${code}\nint marker_of_the_real_gpu();\nint marker_of_the_real_gpu() { return 7; }\n`,
    );
    const tasks = executed();
    expect(tasks).toContain('shared-native:build');
    expect(runs(tasks)).toEqual([]);
    expect(workspace.read(fingerprint)).not.toBe(before);
  });

  each('no system and no statistics, after an edit of the title', () => {
    editFigure((figure) => {
      figure['title'] = 'Another title';
    });
    expect(executed()).toEqual(['tiny/one:plot']);
  });

  each('the plot alone, after an edit of its specification', () => {
    workspace.edit(`${PAPER}/figures/one/one.vl.json`, (text) => `${text}\n`);
    expect(executed()).toEqual(['tiny/one:plot']);
  });

  each('nothing, after another figure joined the paper', () => {
    workspace.write(`${PAPER}/figures/two/figure.json`, tinyFigure('two'));
    expect(executed()).toEqual([]);
  });

  each('nothing, after a figure that cannot be read joined the paper', () => {
    workspace.write(`${PAPER}/figures/bad/figure.json`, '{ "id": ');
    expect(executed()).toEqual([]);
    const { status, output } = workspace.nx('tiny:bad');
    expect(status).not.toBe(0);
    expect(output).toMatch(/packages\/tiny\/figures\/bad\/figure\.json: line 1: not JSON/);
    expect(output).not.toMatch(/\n\s+at /);
  });

  each('only the new system, after one joined the figure', () => {
    editFigure((figure) => {
      figure.systems.push({ id: 'streams', label: 'Streams', system: 'streams' });
    });
    const tasks = executed();
    expect(runs(tasks)).toEqual(['tiny/one/streams:run']);
    expect(tasks).not.toContain('shared-native:build');
  });

  each('all of quick, into a folder of its own, and then nothing of the full figure', () => {
    const before = workspace.read('out/tiny/one/sim/results.csv');
    expect(runs(executed(`${ALIAS}:quick`))).toHaveLength(4);
    expect(workspace.read('out/tiny/one/sim-quick/results.csv')).not.toBe(before);
    expect(executed()).toEqual([]);
    expect(workspace.read('out/tiny/one/sim/results.csv')).toBe(before);
  });

  const MIXES = 'packages/baselines/workloads';
  const MATRIX = 'tiny:all';

  each('every system on the one registered mix; one that refuses it does not fail', () => {
    workspace.remove(MIXES);
    workspace.write(`${MIXES}/first.json`, tinyMix('First'));
    workspace.write(`${PAPER}/figures/all/figure.json`, tinyMatrix());
    const cells = runs(executed(MATRIX));
    expect(cells).toContain('tiny/all/orion/first:run');
    expect(cells).toContain('tiny/all/reef-reset/first:run');
    expect(workspace.read('out/tiny/all/sim/missing.csv')).toMatch(
      /^reef-reset,first,42,"?not applicable: reef-reset ends running kernels/m,
    );
    expect(workspace.read('out/tiny/all/sim/winners.csv')).toMatch(/^first,latency,/m);
    expect(executed(MATRIX)).toEqual([]);
  });

  each('a mix that joined the registered ones, under every system, and no other mix', () => {
    workspace.write(`${MIXES}/second.json`, tinyMix('Second'));
    const cells = runs(executed(MATRIX));
    expect(cells.length).toBeGreaterThan(10);
    expect(cells.filter((task) => !task.endsWith('/second:run'))).toEqual([]);
  });

  each('no cell, after an edit of a mix’s name', () => {
    workspace.write(`${MIXES}/second.json`, tinyMix('Number two'));
    const tasks = executed(MATRIX);
    expect(runs(tasks)).toEqual([]);
    expect(tasks).toContain('tiny/all:gather');
  });

  each('a system that joined the registered ones, on every mix, and no other system', () => {
    const streams = workspace.read('packages/shared-native/src/systems/streams.cpp');
    workspace.write(
      'packages/shared-native/src/systems/one_more.cpp',
      streams.replace('.name = "streams"', '.name = "one-more"'),
    );
    const tasks = executed(MATRIX);
    expect(runs(tasks)).toEqual(['tiny/all/one-more/first:run', 'tiny/all/one-more/second:run']);
    expect(executed(MATRIX)).toEqual([]);
  });
});
