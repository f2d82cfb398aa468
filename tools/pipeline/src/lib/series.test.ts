import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withTable } from './decorate.ts';
import { smallFigure } from './figure-for-test.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { writeAtomic } from './files.ts';
import { plansOf } from './plans.ts';
import { rawRecords } from './records.ts';
import {
  MEMORY,
  PHASES,
  readSeries,
  SERIES,
  UTILIZATION,
  type SeriesTable,
} from './series-table.ts';
import { writeSeries } from './series.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'series-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

function writeRaw(figure: FigureDefinition, { file }: SeriesTable, text: string): void {
  for (const entry of figure.systems) {
    for (const plan of plansOf(figure, entry)) {
      writeAtomic(join(out, 'raw', entry.id, `${plan.id}.${file}`), text);
    }
  }
}

function linesOf({ file }: SeriesTable): string[] {
  return readFileSync(join(out, file), 'utf8').trimEnd().split('\n');
}

const ASKED: [SeriesTable, Partial<FigureDefinition>][] = [
  [UTILIZATION, { utilization_interval_ns: 1000 }],
  [MEMORY, { memory_interval_ns: 1000 }],
  [PHASES, { phases: true }],
];

describe.each(ASKED.map(([table, field]) => ({ table, field, file: table.file })))(
  '$file',
  ({ table, field }) => {
    test('plans ask for the records where the figure does', () => {
      const figure = { ...smallFigure(), ...field };
      const [entry] = figure.systems;
      expect(entry && plansOf(figure, entry)[0]).toMatchObject(field);
      for (const key of Object.keys(field)) {
        expect(entry && plansOf(smallFigure(), entry)[0]).not.toHaveProperty(key);
      }
    });

    test('a figure that no longer asks for it keeps no old table', () => {
      writeAtomic(join(out, table.file), 'old');
      writeSeries(out, smallFigure(), rawRecords(out, false));
      expect(existsSync(join(out, table.file))).toBe(false);
      expect(readSeries(table, out, ['hp', 'be'])).toBeNull();
    });

    test('a figure gets the tables that it asks for and no others', () => {
      const figure = { ...smallFigure(), ...field };
      expect(SERIES.filter(({ asked }) => asked(figure))).toEqual([table]);
    });
  },
);

describe('use of the GPU', () => {
  const figure = { ...smallFigure(), utilization_interval_ns: 1000 };
  const HEADER = 'gpu,begin_ns,end_ns,sm_busy,occupancy,compute,dram';

  test('the series of the first seed become one table', () => {
    writeRaw(figure, UTILIZATION, `${HEADER}\n0,0,1000,0.5,0.25,0.125,0.75\n0,1000,1500,1,1,0,0\n`);
    writeSeries(out, figure, rawRecords(out, false));
    const lines = linesOf(UTILIZATION);
    expect(lines[0]).toBe('system,hp,be,gpu,begin_ms,end_ms,sm_busy,occupancy,compute,dram');
    expect(lines).toContain('ideal,resnet50,,0,0,0.001,0.5,0.25,0.125,0.75');
    expect(lines).toContain('deep,resnet50,bert,0,0.001,0.0015,1,1,0,0');
    // Three clients alone and two cells under the other system, two intervals each.
    expect(lines).toHaveLength(1 + 2 * (3 + 2));
    expect(readSeries(UTILIZATION, out, ['hp', 'be'])?.[0]).toMatchObject({
      system: 'ideal',
      dram: 0.75,
    });
  });

  test('a series that cannot be read is named with its line', () => {
    writeRaw(figure, UTILIZATION, `${HEADER}\n0,0,1000,0.5,0.25,much,0.75\n`);
    expect(() => {
      writeSeries(out, figure, rawRecords(out, false));
    }).toThrow(/utilization\.csv:2: compute is "much"; expected a number/);
    expect(existsSync(join(out, 'utilization.csv'))).toBe(false);
  });
});

describe('memory', () => {
  const figure = { ...smallFigure(), memory_interval_ns: 1000 };
  const HEADER = 'gpu,client,begin_ns,end_ns,live_mean,live_max,held_max,budget';
  const GIB = String(2 ** 30);

  test('the series of the first seed become one table, in GiB and ms', () => {
    writeRaw(
      figure,
      MEMORY,
      `${HEADER}\n0,hp,0,1000,${GIB},${GIB},${GIB},\n0,,0,1000,0,${GIB},${GIB},${GIB}\n`,
    );
    writeSeries(out, figure, rawRecords(out, false));
    const lines = linesOf(MEMORY);
    expect(lines[0]).toBe(
      'system,hp,be,gpu,client,begin_ms,end_ms,live_mean_gib,live_max_gib,held_max_gib,budget_gib',
    );
    expect(lines).toContain('ideal,resnet50,,0,hp,0,0.001,1,1,1,');
    expect(lines).toContain('deep,resnet50,bert,0,all,0,0.001,0,1,1,1');
    expect(lines).toHaveLength(1 + 2 * (3 + 2));
    const rows = readSeries(MEMORY, out, ['hp', 'be']);
    expect(rows?.[0]).toMatchObject({ client: 'hp', live_max_gib: 1, budget_gib: null });
    expect(rows?.[1]).toMatchObject({ client: 'all', budget_gib: 1 });
  });

  test('a series that cannot be read is named with its line', () => {
    writeRaw(figure, MEMORY, `${HEADER}\n0,,0,1000,0,some,0,\n`);
    expect(() => {
      writeSeries(out, figure, rawRecords(out, false));
    }).toThrow(/memory\.csv:2: live_max is "some"; expected a number/);
    expect(existsSync(join(out, 'memory.csv'))).toBe(false);
  });
});

describe('phases', () => {
  const figure = { ...smallFigure(), phases: true };

  test('the phases of the first seed become one table', () => {
    writeRaw(figure, PHASES, 'client,iteration,phase,begin_ns,end_ns\nhp,0,forward,1000,2500\n');
    writeSeries(out, figure, rawRecords(out, false));
    const lines = linesOf(PHASES);
    expect(lines[0]).toBe('system,hp,be,client,iteration,phase,begin_ms,end_ms');
    expect(lines).toContain('deep,resnet50,bert,hp,0,forward,0.001,0.0025');
    // Three clients alone and two cells under the other system.
    expect(lines).toHaveLength(1 + 3 + 2);
    expect(readSeries(PHASES, out, ['hp', 'be'])?.[0]).toMatchObject({
      phase: 'forward',
      end_ms: 0.0025,
    });
  });

  test('a phase that cannot be read is named with its line', () => {
    writeRaw(figure, PHASES, 'client,iteration,phase,begin_ns,end_ns\nhp,0,forward,1000,soon\n');
    expect(() => {
      writeSeries(out, figure, rawRecords(out, false));
    }).toThrow(/phases\.csv:2: end_ns is "soon"; expected a number/);
    expect(existsSync(join(out, 'phases.csv'))).toBe(false);
  });
});

test('a plotted table has numbers where the file has numbers', () => {
  writeAtomic(join(out, 'memory.csv'), 'system,hp,client,live_max_gib,budget_gib\na,b,all,,\n');
  expect(() => readSeries(MEMORY, out, ['hp'])).toThrow(
    /memory\.csv:2: live_max_gib is ""; expected a number/,
  );
});

test('a specification may read a second table', () => {
  const spec = {
    datasets: { results: [1] },
    layer: [{ data: { url: '../out/utilization.csv' } }],
  };
  expect(withTable(spec, 'utilization.csv', [{ dram: 1 }])).toEqual({
    datasets: { results: [1], utilization: [{ dram: 1 }] },
    layer: [{ data: { name: 'utilization' } }],
  });
});
