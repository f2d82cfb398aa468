import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallFigure } from './figure-for-test.ts';
import { writeAtomic } from './files.ts';
import { readPhases } from './phases-table.ts';
import { writePhases } from './phases.ts';
import { plansOf } from './plans.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'phases-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

const figure = { ...smallFigure(), phases: true };

function writeRaw(text: string): void {
  for (const entry of figure.systems) {
    for (const plan of plansOf(figure, entry)) {
      writeAtomic(join(out, 'raw', entry.id, `${plan.id}.phases.csv`), text);
    }
  }
}

test('plans ask for phases where the figure does', () => {
  const [entry] = figure.systems;
  expect(entry && plansOf(figure, entry)[0]).toMatchObject({ phases: true });
  expect(entry && plansOf(smallFigure(), entry)[0]).not.toHaveProperty('phases');
});

test('the phases of the first seed become one table', () => {
  writeRaw('client,iteration,phase,begin_ns,end_ns\nhp,0,forward,1000,2500\n');
  writePhases(out, figure);
  const lines = readFileSync(join(out, 'phases.csv'), 'utf8').trimEnd().split('\n');
  expect(lines[0]).toBe('system,hp,be,client,iteration,phase,begin_ms,end_ms');
  expect(lines).toContain('deep,resnet50,bert,hp,0,forward,0.001,0.0025');
  // Three clients alone and two cells under the other system.
  expect(lines).toHaveLength(1 + 3 + 2);
  expect(readPhases(out, ['hp', 'be'])?.[0]).toMatchObject({ phase: 'forward', end_ms: 0.0025 });
});

test('a phase that cannot be read is named with its line', () => {
  writeRaw('client,iteration,phase,begin_ns,end_ns\nhp,0,forward,1000,soon\n');
  expect(() => {
    writePhases(out, figure);
  }).toThrow(/phases\.csv:2: end_ns is "soon"; expected a number/);
  expect(existsSync(join(out, 'phases.csv'))).toBe(false);
});

test('a figure that no longer asks for them keeps no old table', () => {
  writeAtomic(join(out, 'phases.csv'), 'old');
  writePhases(out, smallFigure());
  expect(readPhases(out, ['hp', 'be'])).toBeNull();
});
