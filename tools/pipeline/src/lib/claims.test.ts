import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { judge } from './claims.ts';
import { smallFigure } from './figure-for-test.ts';
import type { Claim } from './claim-schema.ts';
import type { ResultRow } from './results.ts';

function row(system: string, be: string, value: number, note = ''): ResultRow {
  return {
    figure: 'small',
    system,
    cell: { hp: 'resnet50', be },
    metric: 'hp_latency_p99',
    value,
    ci_low: value * 0.9,
    ci_high: value * 1.1,
    n: 3000,
    unit: 'ms',
    seeds: 3,
    lane: 'sim',
    gpu: 'g',
    label: 'simulated',
    note,
  };
}

const base = {
  id: 'c',
  statement: 's',
  source: 'x',
  verified: true,
  metric: 'hp_latency_p99',
  tolerance: 0,
};
const order = (tolerance: number, relation: '<' | '<='): Claim => ({
  ...base,
  tolerance,
  kind: 'order',
  systems: ['ideal', 'deep'],
  relations: [relation],
});

function verdict(claim: Claim, rows: ResultRow[]): string {
  const [result] = judge({ ...smallFigure(), claims: [claim] }, rows);
  return `${result?.verdict ?? ''}: ${result?.summary ?? ''}`;
}

const rows = [
  row('ideal', 'bert', 10),
  row('deep', 'bert', 20),
  row('ideal', 'txl', 10),
  row('deep', 'txl', 9.8),
  row('ideal', 'mean', 10),
  row('deep', 'mean', 14.9),
];

test('order: one failing cell fails the claim, and is named with its numbers', () => {
  expect(verdict(order(0, '<='), rows)).toBe(
    'FAILS: holds in 1 of 2 cells; hp=resnet50, be=txl: ideal 10 not <= deep 9.8 (intervals overlap)',
  );
});

test('order: tolerance helps <= and not <', () => {
  expect(verdict(order(0.03, '<='), rows)).toMatch(/^HOLDS/);
  expect(verdict(order(0.03, '<'), rows)).toMatch(/^FAILS/);
});

test('a claim covers means only if it names them', () => {
  expect(verdict({ ...order(0, '<'), cells: { be: 'mean' } }, rows)).toBe(
    'HOLDS: ideal 10 < deep 14.9',
  );
});

test('ratio, bound', () => {
  const ratio: Claim = {
    ...base,
    kind: 'ratio',
    of: 'deep',
    to: 'ideal',
    relation: '<=',
    value: 2,
    cells: { be: 'bert' },
  };
  expect(verdict(ratio, rows)).toBe('HOLDS: deep/ideal 2 <= 2');
  expect(verdict({ ...ratio, value: 1.9 }, rows)).toBe('FAILS: deep/ideal 2 not <= 1.9');
  expect(verdict({ ...ratio, value: 1.9, tolerance: 0.1 }, rows)).toMatch(/^HOLDS/);
  const bound: Claim = { ...base, kind: 'bound', of: 'deep', relation: '>', value: 9, cells: {} };
  expect(verdict(bound, rows)).toBe('HOLDS: holds in 2 of 2 cells');
});

test('monotone: along an axis in the figure’s order', () => {
  const claim: Claim = { ...base, kind: 'monotone', of: 'deep', along: 'be', direction: 'falling' };
  expect(verdict(claim, rows)).toBe('HOLDS: bert 20 >= txl 9.8');
  expect(verdict({ ...claim, direction: 'rising' }, rows)).toBe('FAILS: bert 20 not <= txl 9.8');
});

test('monotone: along any of the axes', () => {
  const { hp = [], be = [] } = smallFigure().axes;
  const more = hp.map((value) => ({ ...value, id: 'resnet101' }));
  const figure = { ...smallFigure(), axes: { hp: [...hp, ...more], be: be.slice(0, 1) } };
  const claim: Claim = { ...base, kind: 'monotone', of: 'deep', along: 'hp', direction: 'rising' };
  const both = [
    row('deep', 'bert', 1),
    { ...row('deep', 'bert', 2), cell: { hp: 'resnet101', be: 'bert' } },
  ];
  expect(judge({ ...figure, claims: [claim] }, both)[0]?.summary).toBe('resnet50 1 <= resnet101 2');
});

test('peak: highest along an axis at one place', () => {
  const claim: Claim = { ...base, kind: 'peak', of: 'deep', along: 'be', at: 'bert' };
  expect(verdict(claim, rows)).toBe('HOLDS: bert 20 >= txl 9.8');
  expect(verdict({ ...claim, at: 'txl' }, rows)).toBe('FAILS: txl 9.8 not >= bert 20');
  expect(verdict(claim, rows.slice(0, 2))).toBe('UNTESTED: no value of txl');
});

test('missing and marked values leave a claim untested, but a failing cell still fails it', () => {
  expect(verdict(order(0, '<'), rows.slice(0, 1))).toBe('UNTESTED: no value of deep');
  expect(verdict(order(0, '<'), [])).toBe(
    'UNTESTED: no results in the cells that the claim covers',
  );
  const thin = [row('ideal', 'bert', 10, 'few'), row('deep', 'bert', 20), ...rows.slice(2, 4)];
  expect(verdict(order(0.03, '<='), thin)).toBe(
    'UNTESTED: holds in 1 of 2 cells; hp=resnet50, be=bert: ideal: few',
  );
  expect(verdict(order(0, '<='), thin)).toMatch(/^FAILS/);
});

test('an order and its reverse never both hold with strict relations', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 9, noNaN: true }),
      fc.double({ min: 0.1, max: 9, noNaN: true }),
      (a, b) => {
        const both = [row('ideal', 'bert', a), row('deep', 'bert', b)];
        const forth = verdict(order(0, '<'), both).startsWith('HOLDS');
        const back = verdict(
          { ...order(0, '<'), systems: ['deep', 'ideal'] } as Claim,
          both,
        ).startsWith('HOLDS');
        expect(forth && back).toBe(false);
        expect(forth || back).toBe(a !== b);
      },
    ),
  );
});
