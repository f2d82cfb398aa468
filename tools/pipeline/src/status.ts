/**
 * status: what is stale, why, and how long it will take, before anything runs.
 *
 * `--figure F --out O` looks at one figure; without them, at every packages/<paper>/figures/<id> in its lane's
 * folder below out/.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse, stepArgs, type StepArgs } from './lib/args.ts';
import { formatSeconds } from './lib/duration.ts';
import { main } from './lib/errors.ts';
import { loadFigure } from './lib/figure.ts';
import { listFolder } from './lib/files.ts';
import { laneFigure, laneFolder } from './lib/lane-figure.ts';
import { ROOT } from './lib/paths.ts';
import { figureStatus, type StepStatus } from './lib/staleness.ts';

/** Folder of a figure and of its output in a lane, for every figure in the workspace. */
function everyFigure(values: Record<string, string | boolean>): { figure: string; out: string }[] {
  const figures = listFolder(join(ROOT, 'packages')).flatMap((paper) =>
    listFolder(join(ROOT, 'packages', paper, 'figures'))
      .map((id) => ({ paper, id, figure: join('packages', paper, 'figures', id) }))
      .filter(({ figure }) => existsSync(join(ROOT, figure, 'figure.json'))),
  );
  return figures.map(({ paper, id, figure }) => {
    const args = stepArgs({ ...values, figure, out: '.' });
    const { gpu } = laneFigure(loadFigure(join(ROOT, figure)), args);
    return { figure, out: join('out', paper, id, laneFolder(args, gpu)) };
  });
}

/** The report of one figure. */
export function statusReport(args: StepArgs, all: readonly StepStatus[]): string {
  const steps = withoutRepeats(all);
  const width = Math.max(...steps.map(({ step }) => step.length));
  const reasonWidth = Math.max(...steps.map(({ reason }) => reason.length));
  const lines = steps.map(({ step, state, reason, seconds }) => {
    const time =
      state === 'fresh'
        ? ''
        : seconds === null
          ? 'no earlier run to go by'
          : `about ${formatSeconds(seconds)}`;
    return `  ${step.padEnd(width)}  ${state.padEnd(5)}  ${reason.padEnd(reasonWidth)}  ${time}`.trimEnd();
  });
  const pending = all.filter(({ state }) => state !== 'fresh');
  const known = pending.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
  const unknown = pending.filter(({ seconds }) => seconds === null).length;
  const total =
    pending.length === 0
      ? 'nothing to do'
      : unknown === pending.length
        ? `${String(pending.length)} steps to run, no earlier run to go by`
        : `${String(pending.length)} steps to run, about ${formatSeconds(known)}${unknown > 0 ? ` and ${String(unknown)} steps without an earlier run` : ''}`;
  return [`${args.figure} → ${args.out}: ${total}`, ...lines].join('\n');
}

/** Runs of one system that are in the same state for the same reason, as one line: a figure may have hundreds. */
function withoutRepeats(steps: readonly StepStatus[]): StepStatus[] {
  const groups = new Map<string, StepStatus[]>();
  for (const step of steps) {
    const [system, value] = step.step.split('_');
    const key = value === undefined ? step.step : JSON.stringify([system, step.state, step.reason]);
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return group;
    const known = group.flatMap(({ seconds }) => seconds ?? []);
    return {
      ...first,
      step: `${first.step.split('_')[0] ?? ''} (${String(group.length)} tasks)`,
      seconds: known.length === 0 ? null : known.reduce((sum, seconds) => sum + seconds, 0),
    };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => {
    const values = parse(process.argv.slice(2), { json: { type: 'boolean', default: false } });
    const targets = 'figure' in values || 'out' in values ? [{}] : everyFigure(values);
    const reports = targets.map((target) => {
      const args = stepArgs({ ...values, ...target });
      return { args, steps: figureStatus(loadFigure(args.figure), args) };
    });
    if (values['json'] === true) {
      const data = reports.map(({ args, steps }) => ({
        figure: args.figure,
        out: args.out,
        steps,
      }));
      console.log(JSON.stringify(data, null, 2));
    } else {
      console.log(reports.map(({ args, steps }) => statusReport(args, steps)).join('\n\n'));
    }
  });
}
