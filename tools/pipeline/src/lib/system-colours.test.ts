import { expect, test } from '@jest/globals';
import { systemStyles } from './system-colours.ts';

const entries = (...systems: string[]): { id: string; system: string }[] =>
  systems.map((system, i) => ({ id: `${system}-${String(i)}`, system }));

test('a system has the same colour in every figure', () => {
  const alone = systemStyles([{ id: 'a', system: 'orion' }]);
  const among = systemStyles([
    { id: 'x', system: 'mps' },
    { id: 'a', system: 'orion' },
  ]);
  expect(alone['a']).toEqual({ colour: '#0072B2', shape: 'circle' });
  expect(among['a']).toEqual(alone['a']);
});

test('variants have the hue lightened; no two entries of a figure look alike', () => {
  const styles = systemStyles(
    entries(
      'reef',
      'reef',
      'reef-as-published',
      'mps',
      'mps-priority',
      'streams',
      'streams-priority',
      'new-one',
      'other',
    ),
  );
  const looks = Object.values(styles).map(({ colour, shape }) => `${colour} ${shape}`);
  expect(new Set(looks).size).toBe(looks.length);
  expect(styles['reef-0']?.colour).toBe('#009E73');
  expect(styles['mps-priority-4']).toEqual({ colour: '#F3CF80', shape: 'triangle-up' });
});
