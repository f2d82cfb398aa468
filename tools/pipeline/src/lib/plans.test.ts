import { describe, expect, test } from '@jest/globals';
import type { FigureDefinition } from './figure-schema.ts';
import { smallFigure } from './figure-for-test.ts';
import { PLAN_SCHEMA } from './paths.ts';
import { planChecker } from './plan-check.ts';
import { quickFigure } from './lane-figure.ts';
import {
  cells,
  cellsOf,
  clientNames,
  membersOf,
  metricClients,
  planIdFor,
  plansOf,
} from './plans.ts';

const figure = smallFigure();
const [ideal, deep] = figure.systems;
if (ideal === undefined || deep === undefined) throw new Error('the small figure has two systems');

test('one plan per cell and seed, the last axis and then the seed varying fastest', () => {
  expect(plansOf(figure, deep).map(({ id }) => id)).toEqual([
    'resnet50_bert_s1',
    'resnet50_bert_s2',
    'resnet50_bert_s3',
    'resnet50_txl_s1',
    'resnet50_txl_s2',
    'resnet50_txl_s3',
  ]);
});

test('an entry that runs clients alone has one plan per axis value and seed', () => {
  const plans = plansOf({ ...figure, seeds: [7] }, ideal);
  expect(plans.map(({ id, until }) => [id, until])).toEqual([
    ['hp-resnet50_s7', 'hp'],
    ['be-bert_s7', 'be'],
    ['be-txl_s7', 'be'],
  ]);
  expect(plans.map(({ clients }) => clients.map(({ name, requests }) => [name, requests]))).toEqual(
    [[['hp', 100]], [['be', 50]], [['be', 50]]],
  );
});

test('copies are clients of their own beside each other, and one client alone', () => {
  const [bert, ...others] = figure.axes['be'] ?? [];
  if (bert === undefined) throw new Error('the small figure has best-effort jobs');
  const copied = {
    ...figure,
    seeds: [7],
    axes: { ...figure.axes, be: [{ ...bert, copies: 3 }, ...others] },
  };
  const [plan] = plansOf(copied, deep);
  expect(plan?.clients.map(({ name, program }) => [name, program])).toEqual([
    ['hp', 'gpu-a/resnet50-inference'],
    ['be', 'gpu-a/bert-training'],
    ['be-2', 'gpu-a/bert-training'],
    ['be-3', 'gpu-a/bert-training'],
  ]);
  expect(plan === undefined ? [] : membersOf(plan, 'be')).toEqual(['be', 'be-2', 'be-3']);
  expect(plan === undefined ? [] : membersOf(plan, 'hp')).toEqual(['hp']);
  expect(plansOf(copied, ideal).map(({ clients }) => clients.length)).toEqual([1, 1, 1]);
});

test('an entry that is run with some values has the plans and cells of those', () => {
  const some = { ...deep, only: { be: ['txl'] } };
  expect(plansOf({ ...figure, seeds: [7] }, some).map(({ id }) => id)).toEqual(['resnet50_txl_s7']);
  expect(cellsOf(figure, some).map((cell) => cell['be']?.id)).toEqual(['txl']);
  const alone = plansOf({ ...figure, seeds: [7] }, { ...ideal, only: { be: ['txl'] } });
  expect(alone.map(({ id }) => id)).toEqual(['hp-resnet50_s7', 'be-txl_s7']);
});

test('parameters of the entry and of the axis value are merged', () => {
  expect(plansOf(figure, deep)[0]?.system).toEqual({
    name: 'reef',
    params: { depth: 12, padding: false },
  });
  expect(plansOf(figure, ideal)[0]?.system).toEqual({ name: 'ideal' });
});

test('every plan follows the schema that the core reads plans by', () => {
  const check = planChecker(PLAN_SCHEMA);
  for (const entry of figure.systems) {
    for (const plan of plansOf(figure, entry)) check(plan, plan.id);
  }
  expect(() => {
    check({ ...plansOf(figure, deep)[0], seed: -1 }, 'figure.json: plan');
  }).toThrow('figure.json: plan: seed: must be >= 0');
});

test('the plan of a client in a cell is one of the entry’s plans', () => {
  for (const entry of figure.systems) {
    const ids = plansOf(figure, entry).map(({ id }) => id);
    for (const cell of cells(figure)) {
      for (const client of Object.keys(figure.axes)) {
        expect(ids).toContain(planIdFor(entry, cell, client, 2));
      }
    }
  }
});

test('quick may leave systems out', () => {
  const kept = quickFigure({ ...figure, quick: { systems: ['ideal'] } });
  expect(kept.systems.map(({ id }) => id)).toEqual(['ideal']);
  expect(quickFigure(figure).systems).toHaveLength(figure.systems.length);
});

test('quick exchanges seeds and lowers request numbers, and only where there are any', () => {
  const quick = quickFigure(figure);
  expect(quick.seeds).toEqual([1]);
  expect(quick.axes['hp']?.[0]?.client?.requests).toBe(20);
  expect(quick.axes['be']?.[0]?.client).not.toHaveProperty('requests');
  expect(quick.systems[0]?.overrides).toEqual({ be: { requests: 5 } });
});

test('an entry that leaves out the client of an axis runs it nowhere, and counts it nowhere', () => {
  const [cell] = cells(figure);
  if (cell === undefined) throw new Error('the small figure has cells');
  const alone = { ...deep, groups: ['hp'] };
  expect(plansOf(figure, alone)[0]?.clients.map(({ name }) => name)).toEqual(['hp']);
  expect(clientNames(alone, cell)).toEqual(['hp']);
  expect(clientNames(deep, cell)).toEqual(['hp', 'be']);
});

describe('an axis value with groups of clients', () => {
  const single = figure.axes['be']?.[0]?.client;
  if (single === undefined) throw new Error('the small figure has a client there');
  const grouped: FigureDefinition = {
    ...figure,
    axes: {
      load: [
        {
          id: 'one',
          label: 'One',
          clients: { rt: [{ ...single, requests: 5 }], be: [single, single] },
        },
        { id: 'two', label: 'Two', clients: { rt: [single, single], be: [] } },
      ],
    },
    until: 'rt',
    systems: [
      { id: 'all', label: 'All', system: 'reef' },
      { id: 'rt', label: 'RT', system: 'reef', groups: ['rt'] },
    ],
  };
  const namesOf = (i: number): string[][] => {
    const entry = grouped.systems[i];
    if (entry === undefined) throw new Error('no such entry');
    return plansOf({ ...grouped, seeds: [1] }, entry).map(({ clients }) =>
      clients.map(({ name }) => name),
    );
  };

  test('numbers its clients, and leaves out those that an entry does not run', () => {
    expect(namesOf(0)).toEqual([
      ['rt-1', 'be-1', 'be-2'],
      ['rt-1', 'rt-2'],
    ]);
    expect(namesOf(1)).toEqual([['rt-1'], ['rt-1', 'rt-2']]);
  });

  test('ends with the first client of the group', () => {
    const [entry] = grouped.systems;
    if (entry === undefined) throw new Error('no entry');
    expect(plansOf(grouped, entry)[0]?.until).toBe('rt-1');
  });

  test('is known to metrics by group, and all together', () => {
    expect(metricClients(grouped)).toEqual(['rt', 'be', 'all']);
    expect(metricClients(figure)).toEqual(['hp', 'be']);
    const clients = ['rt-1', 'be-1', 'be-2'].map((name) => ({ ...single, name }));
    expect(membersOf({ clients }, 'be')).toEqual(['be-1', 'be-2']);
    expect(membersOf({ clients }, 'all')).toHaveLength(3);
    expect(membersOf({ clients }, 'b')).toEqual([]);
  });
});
