import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallFigure } from './figure-for-test.ts';
import { loadFigure } from './figure.ts';

const CATALOGUE = {
  systems: ['ideal', 'mps', 'reef'],
  gpus: ['gpu-a', 'gpu-b'],
  programs: ['gpu-a/resnet50-inference', 'gpu-a/bert-training', 'gpu-a/txl-training'],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cotenant-figure-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The problems that loading reports for a text or value, without the file's name. */
function problems(content: unknown): string[] {
  mkdirSync(folder, { recursive: true });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(folder, 'figure.json'), text);
  try {
    loadFigure(folder, CATALOGUE);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    return message.split('\n').map((line) => line.replace(join(folder, 'figure.json'), 'FILE'));
  }
}

/** The same for the small figure with one field changed; `path` is dotted. */
function problemsWith(path: string, value: unknown): string[] {
  const figure = structuredClone(smallFigure()) as unknown as Record<string, unknown>;
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let target = figure;
  for (const part of parts) target = target[part] as Record<string, unknown>;
  if (value === undefined) Reflect.deleteProperty(target, last);
  else target[last] = value;
  return problems(figure);
}

test('a right figure loads', () => {
  expect(problems(smallFigure())).toEqual([]);
});

test('a missing file and broken JSON are named with their place', () => {
  expect(() => loadFigure(join(folder, 'nowhere'))).toThrow(
    /nowhere\/figure.json: no such file; expected a figure/,
  );
  expect(problems('{\n  "id": oops\n}')[0]).toBe(
    'FILE:2:9: not valid JSON: found oops; expected a value',
  );
});

describe('each wrong field gives one line: file, field, what is wrong, what would be right', () => {
  test.each([
    ['version', 2, 'version: is 2; expected 1'],
    ['title', undefined, 'title: missing; expected a text'],
    ['titel', 'x', 'titel: unknown field "titel"; did you mean "title"?'],
    ['seeds', [], 'seeds: has 0 entries; expected at least 1 entry'],
    [
      'seeds',
      [1, 2, 1],
      'seeds: seed 1 is given twice; expected distinct seeds, a repeat is not a new run',
    ],
    ['seeds', [-1], 'seeds[0]: is -1; expected at least 0'],
    ['seeds', [1.5], 'seeds[0]: is 1.5; expected a whole number'],
    ['gpu', 'gpu-c', 'gpu: unknown GPU "gpu-c"; did you mean "gpu-a"?'],
    [
      'systems.1.system',
      'reeef',
      'systems[1].system: unknown system "reeef"; did you mean "reef"?',
    ],
    [
      'systems.1.system',
      'warp-drive',
      'systems[1].system: unknown system "warp-drive"; known: ideal, mps, reef',
    ],
    ['systems.1.id', 'ideal', 'systems: two entries have the id "ideal"; expected one each'],
    [
      'systems.0.overrides',
      { bf: {} },
      'systems[0].overrides: unknown axis "bf"; did you mean "be"?',
    ],
    ['systems.1.only', { bf: ['bert'] }, 'systems[1].only: unknown axis "bf"; did you mean "be"?'],
    [
      'systems.1.only',
      { be: ['brt'] },
      'systems[1].only.be: unknown value "brt"; did you mean "bert"?',
    ],
    [
      'quick.systems',
      ['ideal', 'dep'],
      'quick.systems: unknown system entry "dep"; did you mean "deep"?',
    ],
    ['quick.systems', ['deep'], 'quick.systems: expected "ideal" in it, the baseline'],
    ['run_by', 'be', 'run_by: is "be"; expected "hp", the first axis'],
    [
      'run_by',
      'hp',
      'run_by: "ideal" runs clients alone, which has no plans of a cell; expected an entry without "alone"',
    ],
    [
      'winners',
      [{ id: 'w', label: 'W', metric: 'hp_latency_p98', best: 'lowest' }],
      'winners[0].metric: unknown metric of this figure "hp_latency_p98"; did you mean "hp_latency_p99"?',
    ],
    [
      'winners',
      [{ id: 'w', label: 'W', metric: 'hp_latency_p99', best: 'lowest', except: ['idael'] }],
      'winners[0].except: unknown system entry "idael"; did you mean "ideal"?',
    ],
    ['systems.0', 'registered', 'systems[0]: is "registered"; expected an object'],
    ['baseline', 'idael', 'baseline: unknown system entry "idael"; did you mean "ideal"?'],
    ['until', 'hq', 'until: unknown axis "hq"; did you mean "hp"?'],
    [
      'axes.hp.0.client.traffic.rate',
      -15,
      'axes.hp[0].client.traffic.rate: is -15; expected a number above 0',
    ],
    [
      'axes.hp.0.client.traffic.load',
      0.5,
      'axes.hp[0].client.traffic: poisson traffic needs one of "rate" and "load"; both are given',
    ],
    [
      'axes.hp.0.client.traffic.kind',
      'poison',
      'axes.hp[0].client.traffic.kind: is "poison"; expected one of closed, uniform, poisson, trace (did you mean "poisson"?)',
    ],
    [
      'axes.hp.0.client.priority',
      'hi',
      'axes.hp[0].client.priority: is "hi"; expected one of high, best-effort (did you mean "high"?)',
    ],
    ['axes.hp.0.client.requests', 0, 'axes.hp[0].client.requests: is 0; expected at least 1'],
    [
      'axes.hp.0.client.program',
      'gpu-a/resnet5-inference',
      'axes.hp[0].client.program: unknown program "gpu-a/resnet5-inference"; did you mean "gpu-a/resnet50-inference"?',
    ],
    [
      'axes.hp.0.client.program',
      'resnet50',
      'axes.hp[0].client.program: is "resnet50"; expected <gpu>/<program>',
    ],
    [
      'axes.hp.0.client.batch',
      4,
      'axes.hp[0].client.batch: unknown field "batch"; known: priority, program, requests, traffic, warmup',
    ],
    [
      'axes.hp.0.client.traffic',
      { kind: 'trace', trace: 'apollo', start: 'draw' },
      'axes.hp[0].client.traffic.start: is "draw"; expected one of first, drawn (did you mean "drawn"?)',
    ],
    ['axes.be.0.copies', 0, 'axes.be[0].copies: is 0; expected at least 1'],
    ['axes.be.1.id', 'bert', 'axes.be: two values have the id "bert"; expected one each'],
    [
      'axes.hp.0.params',
      { deeep: {} },
      'axes.hp[0].params: unknown system entry "deeep"; did you mean "deep"?',
    ],
    [
      'metrics.0',
      'hp_latency_p98',
      'metrics[0]: unknown metric "hp_latency_p98"; did you mean "hp_latency_p90"?',
    ],
    ['metrics.1', 'hp_latency_p50', 'metrics: "hp_latency_p50" is given twice'],
    ['baseline', undefined, 'metrics[2]: "hp_latency_p99_ratio" needs the field "baseline"'],
    ['plots.0', 'small.json', 'plots[0]: is "small.json"; expected a *.vl.json beside figure.json'],
    [
      'tables.0.metric',
      'hp_latncy_p50',
      'tables[0].metric: unknown metric of this figure "hp_latncy_p50"; did you mean "hp_latency_p50"?',
    ],
    [
      'tables.0.file',
      'results/x.csv',
      'tables[0].file: is "results/x.csv"; expected a path with {system} in it',
    ],
    [
      'claims.0.systems',
      ['ideal', 'mps'],
      'claims[0]: unknown system entry "mps"; known: deep, ideal',
    ],
    [
      'claims.0.relations',
      ['<', '<'],
      'claims[0].relations: has 2 entries; expected one between each two systems: 1',
    ],
    [
      'claims.0.cells',
      { be: 'brt' },
      'claims[0].cells.be: unknown value "brt"; did you mean "bert"?',
    ],
    [
      'claims.0.kind',
      'odrer',
      'claims[0].kind: is "odrer"; expected one of order, ratio, bound, monotone, peak (did you mean "order"?)',
    ],
  ])('%s = %j', (path, value, expected) => {
    const found = problemsWith(path, value);
    expect(found).toContain(`FILE: ${expected}`);
    for (const line of found) expect(line).not.toMatch(/\n|undefined|\[object/);
  });
});

describe('each wrong field of cuda gives one line too', () => {
  test.each([
    ['an unknown field', { gpus: 'x' }, 'cuda.gpus: unknown field "gpus"; did you mean "gpu"?'],
    ['an unknown GPU', { gpu: 'gpu-c' }, 'cuda.gpu: unknown GPU "gpu-c"; did you mean "gpu-a"?'],
    [
      'an unknown entry',
      { systems: ['ideal', 'depp'] },
      'cuda.systems[1]: unknown system entry "depp"; did you mean "deep"?',
    ],
    [
      'neither an entry nor its id',
      { systems: [7] },
      'cuda.systems[0]: is 7; expected the id of an entry of systems, or an entry',
    ],
    [
      'an entry without a label',
      { systems: [{ id: 'mps', system: 'mps' }] },
      'cuda.systems[0].label: missing; expected a text',
    ],
    [
      'a known id for another system',
      { systems: [{ id: 'deep', label: 'x', system: 'mps' }] },
      'cuda.systems[0].system: is "mps", but "deep" is "reef" in systems; expected another id',
    ],
    [
      'an entry twice',
      { systems: ['ideal', 'ideal'] },
      'cuda.systems: two entries have the id "ideal"; expected one each',
    ],
    [
      'a baseline that is not among them',
      { systems: ['deep'] },
      'cuda.baseline: unknown system entry "ideal"; known: deep',
    ],
    ['a seed twice', { seeds: [1, 1] }, /^cuda\.seeds: seed 1 is given twice/],
    ['an unknown axis', { axes: { hq: {} } }, 'cuda.axes: unknown axis "hq"; did you mean "hp"?'],
    [
      'an unknown value',
      { axes: { be: { '*': {}, brt: {} } } },
      'cuda.axes.be: unknown value "brt"; did you mean "bert"?',
    ],
    [
      'a load that is no load',
      { axes: { hp: { resnet50: { client: { traffic: { kind: 'poisson', load: -1 } } } } } },
      'cuda.axes.hp.resnet50.client.traffic.load: is -1; expected a number above 0',
    ],
  ])('%s', (_, cuda, expected) => {
    const found = problemsWith('cuda', cuda).map((line) => line.replace(/^FILE: /, ''));
    expect(found).toContainEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    );
  });
});

test('a peak claim names an axis and one of its values', () => {
  const claim = { ...smallFigure().claims?.[0], kind: 'peak', of: 'deep', along: 'be', at: 'bert' };
  const { systems, relations, ...peak } = claim as Record<string, unknown>;
  expect(systems).toBeDefined();
  expect(relations).toBeDefined();
  expect(problemsWith('claims.0', peak)).toEqual([]);
  expect(problemsWith('claims.0', { ...peak, at: 'brt' })).toEqual([
    'FILE: claims[0].at: unknown value "brt"; did you mean "bert"?',
  ]);
  expect(problemsWith('claims.0', { ...peak, along: 'bee' })).toEqual([
    'FILE: claims[0].along: unknown axis "bee"; did you mean "be"?',
  ]);
});

test('an axis is not named as a copy of another', () => {
  const { axes } = smallFigure();
  const copied = { ...axes, be: axes['be']?.map((value) => ({ ...value, copies: 2 })) };
  expect(problemsWith('axes', copied)).toEqual([]);
  expect(problemsWith('axes', { ...copied, 'be-2': axes['be'] })).toEqual([
    'FILE: axes.be-2: is also the name of a copy of "be"; expected another name',
  ]);
});

test('several problems are all listed, each on its line', () => {
  const figure = { ...smallFigure(), seeds: [1, 1], until: 'x', gpu: 'none' };
  expect(problems(figure)).toHaveLength(3);
});
