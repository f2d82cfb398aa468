import { describe, expect, test } from '@jest/globals';
import { withRegistered, type Registry } from './registered.ts';

const REGISTRY: Registry = {
  systems: () => ['ideal', 'mps', 'reef'],
  workloads: () => [{ id: 'inf-inf' }, { id: 'inf-train' }],
};

describe('"registered", last in a list', () => {
  test('stands for every system that the list does not name', () => {
    const deep = { id: 'deep', label: 'Deep', system: 'reef', params: { depth: 40 } };
    expect(withRegistered({ systems: [deep, 'registered'] }, REGISTRY)).toEqual({
      systems: [
        deep,
        { id: 'ideal', label: 'ideal', system: 'ideal' },
        { id: 'mps', label: 'mps', system: 'mps' },
      ],
    });
  });

  test('stands for every workload mix that the axis does not have', () => {
    const own = { id: 'inf-train', label: 'own' };
    const figure = { axes: { mix: [own, 'registered'], other: [{ id: 'x' }] } };
    expect(withRegistered(figure, REGISTRY)).toEqual({
      axes: { mix: [own, { id: 'inf-inf' }], other: [{ id: 'x' }] },
    });
  });

  test('anywhere else is left for the schema to refuse', () => {
    const figure = { systems: ['registered', { id: 'mps' }], axes: { mix: 'registered' } };
    expect(withRegistered(figure, REGISTRY)).toEqual(figure);
    expect(withRegistered(7, REGISTRY)).toBe(7);
  });

  test('is not looked up by figures that do not ask', () => {
    const closed = (): never => {
      throw new Error('looked up');
    };
    const figure = { systems: [{ id: 'mps' }], axes: {} };
    expect(withRegistered(figure, { systems: closed, workloads: closed })).toEqual(figure);
  });
});
