import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { smallFigure } from './figure-for-test.ts';
import { readPack, removePack, writePack } from './pack.ts';
import { plansOf } from './plans.ts';
import { HEADER } from './raw.ts';

const figure = smallFigure();
const [plan, second] = figure.systems.slice(1).flatMap((entry) => plansOf(figure, entry));
if (plan === undefined || second === undefined) throw new Error('the small figure has two plans');

const summary = {
  ...{ version: 1, plan: plan.id, system: 'reef', gpu: 'gpu-a', lane: 'cuda', label: 'measured' },
  ...{ seed: 1, duration_ns: 5, input_digest: 'd', extra: { kept: true } },
  clients: [{ name: 'hp', requests: 2, iterations_in_window: 2 }],
};
const unavailable = { plan: second.id, system: 'reef', unavailable: 'no daemon' };
const csv = Buffer.from(`${HEADER}\nhp,0,0,1,2\nhp,1,3,4,5\n`);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cotenant-pack-'));
  writePack(folder, 'deep', [
    { plan, original: summary, csv },
    { plan: second, original: unavailable, csv: Buffer.alloc(0) },
  ]);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const raw = (name: string): string => join(folder, 'raw', name);

test('reads what was packed: plans, summaries with every field, records', () => {
  const pack = readPack(folder, 'deep');
  expect([...(pack?.keys() ?? [])]).toEqual([plan.id, second.id]);
  expect(pack?.get(plan.id)).toMatchObject({ plan, original: summary, csv });
  expect(pack?.get(second.id)?.summary).toEqual(unavailable);
  expect(readPack(folder, 'other')).toBeNull();
});

test('the same records give the same bytes, without a time or a system in them', () => {
  const before = readFileSync(raw('deep.csv.gz'));
  writePack(folder, 'deep', [
    { plan, original: summary, csv },
    { plan: second, original: unavailable, csv: Buffer.alloc(0) },
  ]);
  expect(readFileSync(raw('deep.csv.gz'))).toEqual(before);
  expect([...before.subarray(4, 8), before[9]]).toEqual([0, 0, 0, 0, 255]);
});

const USE = 'gpu,begin_ns,end_ns,sm_busy,occupancy,compute,dram\n0,300,100000300,0.5,0.2,0.4,0.3\n';

describe('what the GPU was used for', () => {
  const plans = [
    { plan, original: summary, csv, utilization: Buffer.from(USE) },
    { plan: second, original: unavailable, csv: Buffer.alloc(0) },
  ];

  test('comes back for the plans that have it', () => {
    writePack(folder, 'deep', plans);
    const pack = readPack(folder, 'deep');
    expect(pack?.get(plan.id)?.utilization?.toString()).toBe(USE);
    expect(pack?.get(plan.id)?.csv).toEqual(csv);
    expect(pack?.get(second.id)).not.toHaveProperty('utilization');
    expect(gunzipSync(readFileSync(raw('deep.utilization.csv.gz'))).toString()).toMatch(
      new RegExp(`^plan,gpu,begin_ns,.*\n${plan.id},0,300,`),
    );
  });

  test('is refused if it is another file or gone', () => {
    writePack(folder, 'deep', plans);
    const first = readFileSync(raw('deep.utilization.csv.gz'));
    const other = Buffer.from(USE.replace('0.5', '0.6'));
    writePack(folder, 'deep', [{ plan, original: summary, csv, utilization: other }]);
    writeFileSync(raw('deep.utilization.csv.gz'), first);
    expect(() => readPack(folder, 'deep')).toThrow(
      /deep\.utilization\.csv\.gz: is not the file that .*deep\.json describes/,
    );
    rmSync(raw('deep.utilization.csv.gz'));
    expect(() => readPack(folder, 'deep')).toThrow(/deep\.utilization\.csv\.gz: no such file/);
  });

  test('leaves packs without it as they were, and goes with the pack', () => {
    const before = ['json', 'csv.gz'].map((type) => readFileSync(raw(`deep.${type}`)));
    writePack(folder, 'deep', plans);
    writePack(
      folder,
      'deep',
      plans.map(({ plan, original, csv }) => ({ plan, original, csv })),
    );
    expect(readdirSync(join(folder, 'raw'))).toEqual(['deep.csv.gz', 'deep.json']);
    expect(['json', 'csv.gz'].map((type) => readFileSync(raw(`deep.${type}`)))).toEqual(before);
    writePack(folder, 'deep', plans);
    removePack(folder, 'deep');
    expect(readdirSync(join(folder, 'raw'))).toEqual([]);
  });
});

test('a truncated file is refused with its name', () => {
  const whole = readFileSync(raw('deep.csv.gz'));
  writeFileSync(raw('deep.csv.gz'), whole.subarray(0, whole.length - 12));
  expect(() => readPack(folder, 'deep')).toThrow(
    /raw\/deep\.csv\.gz: cannot be decompressed \(unexpected end of file\); pack the measurements/,
  );
});

test('records of another packing, a missing half and a foreign index are refused', () => {
  const first = readFileSync(raw('deep.csv.gz'));
  writePack(folder, 'deep', [
    { plan, original: summary, csv: Buffer.from(`${HEADER}\nhp,0,0,1,2\nhp,1,3,4,6\n`) },
  ]);
  writeFileSync(raw('deep.csv.gz'), first);
  expect(() => readPack(folder, 'deep')).toThrow(
    /deep\.csv\.gz: is not the file that .*deep\.json describes/,
  );
  rmSync(raw('deep.csv.gz'));
  expect(() => readPack(folder, 'deep')).toThrow(/deep\.csv\.gz: no such file/);
  writeFileSync(raw('other.json'), readFileSync(raw('deep.json')));
  expect(() => readPack(folder, 'other')).toThrow(
    /other\.json: is of entry "deep"; expected "other"/,
  );
  writeFileSync(raw('deep.json'), '{"version": 1}');
  expect(() => readPack(folder, 'deep')).toThrow(/deep\.json: entry: missing; expected a text/);
});
