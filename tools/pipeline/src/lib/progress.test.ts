import { expect, test } from '@jest/globals';
import { formatSeconds } from './duration.ts';
import { parseProgress, ProgressEstimate } from './progress.ts';

test('progress lines are told from messages', () => {
  expect(parseProgress('{"plan":"a","done":0.5,"sim_ns":12}')).toEqual({ plan: 'a', done: 0.5 });
  expect(parseProgress('{"plan":"a","done":1.2}')).toEqual({ plan: 'a', done: 1 });
  for (const line of ['error: no space', '{"plan":', '{"other":1}', ''])
    expect(parseProgress(line)).toBeNull();
});

test('the time left follows the recent rate', () => {
  const estimate = new ProgressEstimate(4);
  expect(estimate.secondsLeft(0)).toBeNull();
  estimate.update({ plan: 'found finished', done: 1 }, 0);
  estimate.update({ plan: 'b', done: 0.5 }, 5000);
  estimate.update({ plan: 'b', done: 1 }, 10_000);
  expect(estimate.doneShare).toBe(0.5);
  expect(estimate.finished).toBe(2);
  // One plan in ten seconds, two to go.
  expect(estimate.secondsLeft(10_000)).toBeCloseTo(20, 6);
});

test('durations read naturally', () => {
  expect([0.2, 59.6, 80, 3600, 7500].map(formatSeconds)).toEqual([
    '0 s',
    '1 min',
    '1 min 20 s',
    '1 h 0 min',
    '2 h 5 min',
  ]);
});
