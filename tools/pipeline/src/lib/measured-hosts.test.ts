import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallFigure } from './figure-for-test.ts';
import { onMeasuredHosts } from './measured-hosts.ts';
import { writePack } from './pack.ts';
import { plansOf, type Plan } from './plans.ts';
import { HEADER } from './raw.ts';

const figure = smallFigure();
const plans = figure.systems.slice(1, 2).flatMap((entry) => plansOf(figure, entry));
const [timed, untimed, changed, unmeasured] = plans as [Plan, Plan, Plan, Plan];

/** As the core writes it, with what hosts counted. */
function packed(plan: Plan, counters: unknown, as = plan): Parameters<typeof writePack>[2][number] {
  const summary = {
    ...{ version: 1, plan: plan.id, system: 'reef', gpu: 'gpu-a', lane: 'cuda', seed: plan.seed },
    ...{ label: 'measured', duration_ns: 5, input_digest: 'd', counters },
    clients: [{ name: 'hp', requests: 1, iterations_in_window: 1 }],
  };
  return { plan: as, original: summary, csv: Buffer.from(`${HEADER}\nhp,0,0,1,2\n`) };
}

const cost = (p50: number): unknown => ({ p25: p50 - 1, p50, p75: p50 + 31, n: 9 });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cotenant-hosts-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a plan takes what ops cost the process that launched them, client by client', () => {
  const hosts = [
    { clients: ['hp'], launch_ns: cost(3600), mark_ns: cost(126), query_ns: null },
    { clients: ['be'], launch_ns: cost(2500) },
  ];
  writePack(folder, 'deep', [
    packed(timed, { hosts }),
    packed(untimed, { hosts: [{ clients: ['hp', 'be'], duration_ns: 5 }] }),
    packed(changed, { hosts }, { ...changed, seed: 99 }),
  ]);
  const [first, ...others] = onMeasuredHosts(folder, 'deep', plans);
  expect(first?.clients.map(({ name, host }) => [name, host])).toEqual([
    ['hp', { launch_ns: 3610, mark_ns: 136 }],
    ['be', { launch_ns: 2510 }],
  ]);
  expect({ ...first, clients: null }).toEqual({ ...timed, clients: null });
  expect(others.slice(0, 3)).toEqual([untimed, changed, unmeasured]);
});

test('a run that was unavailable, and an entry without a pack, change nothing', () => {
  const why = { plan: timed.id, system: 'reef', unavailable: 'no daemon' };
  writePack(folder, 'deep', [{ plan: timed, original: why, csv: Buffer.alloc(0) }]);
  expect(onMeasuredHosts(folder, 'deep', plans)).toEqual(plans);
  expect(onMeasuredHosts(folder, 'other', plans)).toEqual(plans);
});

test('a pack that cannot be read is named', () => {
  writePack(folder, 'deep', [packed(timed, { hosts: [{ clients: 'hp' }] })]);
  expect(() => onMeasuredHosts(folder, 'deep', plans)).toThrow(
    /deep\.json: plan .*counters\.hosts\[0\]\.clients/,
  );
});
