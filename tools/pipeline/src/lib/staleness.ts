/**
 * What of a figure is stale, why, and how long making it takes: compares what each step read when it last
 * ran (its provenance record) with what it would read now. Looks only; writes nothing.
 */

import { basename, join } from 'node:path';
import type { StepArgs } from './args.ts';
import { checkInputs } from './check-inputs.ts';
import { changedInputs, codeInputs, type Inputs } from './digest.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { gatherInputs } from './gather-inputs.ts';
import { laneFigure } from './lane-figure.ts';
import { NATIVE, ROOT } from './paths.ts';
import { runUnits, type RunUnit } from './plans.ts';
import { plotInputs } from './plot-inputs.ts';
import { prepInputs } from './prep-inputs.ts';
import { readRecord, type StepRecord } from './provenance.ts';
import { rawPath } from './raw.ts';
import { runInputs } from './run-inputs.ts';
import { existsSync } from 'node:fs';

export interface StepStatus {
  step: string;
  state: 'fresh' | 'stale' | 'new';
  reason: string;
  /** Seconds that the step will take, from its last run; 0 if fresh, null if it never ran. */
  seconds: number | null;
}

/** Status of every step of a figure in a lane, in the order in which they run; `native` is the core's package folder. */
export function figureStatus(
  whole: FigureDefinition,
  args: StepArgs,
  native = NATIVE,
): StepStatus[] {
  const { figure: folder, out, lane } = args;
  const figure = laneFigure(whole, args);
  const code = (step: string): Inputs => codeInputs(join(ROOT, 'tools/pipeline/src', `${step}.ts`));
  const steps: StepStatus[] = [];
  const add = (
    step: string,
    record: StepRecord | null,
    inputs: Inputs,
    needed: string[],
    outputs: string[],
  ): void => {
    const after = steps.filter(
      ({ step: name, state }) => needed.includes(name) && state !== 'fresh',
    );
    steps.push(
      stepStatus(
        step,
        record,
        inputs,
        after.map(({ step: name }) => name),
        outputs.map((name) => join(out, name)),
      ),
    );
  };

  add('prep', readRecord(out, 'prep'), { ...prepInputs(whole, args), ...code('prep') }, [], []);
  const runs = (lane === 'measured' ? [] : runUnits(figure)).map((unit) => {
    steps.push(runStatus(unit, args, native));
    return `run ${unit.name}`;
  });
  add(
    'gather',
    readRecord(out, 'gather'),
    { ...gatherInputs(figure, args), ...code('gather') },
    runs,
    ['results.csv'],
  );
  const images = figure.plots.map((plot) => `${basename(plot, '.vl.json')}.png`);
  add(
    'plot',
    readRecord(out, 'plot'),
    { ...plotInputs(figure, folder, out), ...code('plot') },
    ['gather'],
    images,
  );
  const reference = join(folder, '../../reference.json');
  add(
    'check',
    readRecord(out, 'check'),
    { ...checkInputs(figure, reference, out), ...code('check') },
    ['gather'],
    ['verdict.json'],
  );
  return steps;
}

function stepStatus(
  step: string,
  record: StepRecord | null,
  inputs: Inputs,
  after: readonly string[],
  outputs: readonly string[],
): StepStatus {
  if (record === null) return { step, state: 'new', reason: 'never ran here', seconds: null };
  const seconds = record.duration_s;
  const missing = outputs.find((path) => !existsSync(path));
  if (missing !== undefined) return { step, state: 'stale', reason: `${missing} is gone`, seconds };
  const changed = changedInputs(record.inputs, inputs).filter(
    (name) => after.length === 0 || !isUpstream(name),
  );
  if (changed.length > 0)
    return { step, state: 'stale', reason: `changed: ${listed(changed)}`, seconds };
  if (after.length > 0) return { step, state: 'stale', reason: `after ${listed(after)}`, seconds };
  return { step, state: 'fresh', reason: '', seconds: 0 };
}

/** Inputs that an earlier stale step will rewrite anyway: they explain nothing. */
function isUpstream(name: string): boolean {
  return name.startsWith('records of ') || name === 'results.csv' || name === 'missing.csv';
}

function runStatus(
  { entry, name, plans }: RunUnit,
  { out, lane }: StepArgs,
  native: string,
): StepStatus {
  const step = `run ${name}`;
  const record = readRecord(out, 'run', name);
  const total = plans.length;
  const missing = plans.filter((plan) => !existsSync(`${rawPath(out, entry.id, plan.id)}.json`));
  if (record === null) {
    return {
      step,
      state: 'new',
      reason: `${String(total)} plans, never finished here`,
      seconds: null,
    };
  }
  const inputs = runInputs(plans, native, lane);
  const changed = changedInputs(record.inputs, inputs);
  const plan = (name: string): boolean => name.startsWith('plan ');
  const shared = changed.filter((name) => !plan(name));
  const stale = new Set([
    ...missing.map(({ id }) => id),
    ...changed
      .filter((name) => plan(name) && name in inputs)
      .map((name) => name.slice('plan '.length)),
  ]);
  const removed = changed.filter((name) => plan(name) && !(name in inputs)).length;
  const affected = shared.length > 0 ? total : stale.size;
  if (affected === 0 && removed === 0) return { step, state: 'fresh', reason: '', seconds: 0 };
  const why =
    shared.length > 0
      ? `changed: ${listed(shared)}`
      : stale.size > 0
        ? `plans new, changed or unfinished: ${listed([...stale])}`
        : `${String(removed)} plans are gone from the figure`;
  return {
    step,
    state: 'stale',
    reason: `${String(affected)} of ${String(total)} plans; ${why}`,
    seconds: estimate(record, affected),
  };
}

/** Past seconds a plan times plans to run. */
function estimate(record: StepRecord, plans: number): number | null {
  const { ran, ran_s: seconds } = record.plans ?? { ran: 0, ran_s: 0 };
  return ran === 0 ? null : (seconds / ran) * plans;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${String(names.length - 3)} more` : shown;
}
