/** Command-line options that the steps share. */

import { parseArgs, type ParseArgsConfig } from 'node:util';
import { EXIT, UserError } from './errors.ts';
import { unknownName } from './suggest.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Where records come from: the simulated GPU, this machine's GPU, or the measurements in the repository. */
export const LANES = ['sim', 'cuda', 'measured'] as const;
export type Lane = (typeof LANES)[number];

/** Which of a figure's plans: its own, or those that its `cuda` makes for a real GPU. */
export const PLAN_SETS = ['own', 'cuda'] as const;
export type PlanSet = (typeof PLAN_SETS)[number];

export interface StepArgs {
  /** Folder of the figure definition. */
  figure: string;
  /** Folder that everything of the figure is written to. */
  out: string;
  lane: Lane;
  /** In lane `sim` either may be simulated; the other lanes have the plans for a real GPU. */
  plans: PlanSet;
  /** The reduced form that the figure's `quick` describes. */
  quick: boolean;
  /** One system entry of the figure, or undefined for all. */
  system: string | undefined;
}

const SHARED = {
  figure: { type: 'string' },
  out: { type: 'string' },
  lane: { type: 'string', default: 'sim' },
  plans: { type: 'string' },
  quick: { type: 'boolean', default: false },
  system: { type: 'string' },
} satisfies Options;

/** Parses options, with `extra` ones of a single step; an unknown one gets the nearest name. */
export function parse(argv: string[], extra: Options = {}): Record<string, string | boolean> {
  const options: Options = { ...SHARED, ...extra };
  const known = Object.keys(options).map((name) => `--${name}`);
  for (const word of argv) {
    const name = word.split('=')[0] ?? word;
    if (!word.startsWith('--')) continue;
    if (!known.includes(name)) throw new UserError(unknownName('option', name, known), EXIT.usage);
  }
  try {
    const { values } = parseArgs({ args: argv, options, allowPositionals: false });
    return values as Record<string, string | boolean>;
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    throw new UserError(`command line: ${message}; known: ${known.join(' ')}`, EXIT.usage);
  }
}

/** The shared options, checked. */
export function stepArgs(values: Record<string, string | boolean>): StepArgs {
  const { figure, out, lane, plans, quick, system } = values;
  if (typeof figure !== 'string') {
    throw new UserError('--figure is missing; expected the folder of a figure.json', EXIT.usage);
  }
  if (typeof out !== 'string') {
    throw new UserError(
      '--out is missing; expected a folder, such as out/orion/fig7/sim',
      EXIT.usage,
    );
  }
  const knownLane = LANES.find((name) => name === lane);
  if (knownLane === undefined) {
    throw new UserError(`--lane: ${unknownName('lane', String(lane), LANES)}`, EXIT.usage);
  }
  const usual = knownLane === 'sim' ? 'own' : 'cuda';
  const knownPlans = PLAN_SETS.find((name) => name === (plans ?? usual));
  if (knownPlans === undefined) {
    throw new UserError(`--plans: ${unknownName('set', String(plans), PLAN_SETS)}`, EXIT.usage);
  }
  if (knownLane !== 'sim' && knownPlans !== 'cuda') {
    throw new UserError(
      `--plans: is "own" in lane ${knownLane}; expected "cuda", the plans for a real GPU`,
      EXIT.usage,
    );
  }
  return {
    figure: figure.replace(/\/+(figure\.json)?$/, ''),
    out: out.replace(/\/+$/, ''),
    lane: knownLane,
    plans: knownPlans,
    quick: quick === true,
    system: typeof system === 'string' ? system : undefined,
  };
}
