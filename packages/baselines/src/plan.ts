/** From a configuration to a plan of the core. */

import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { readJson } from '../../../tools/pipeline/src/lib/files.ts';
import { UserError } from '../../../tools/pipeline/src/lib/errors.ts';
import { WARMUP, type Config, type Model, type Trace } from './config.ts';

export interface PlanOptions {
  /** Id of the GPU specification to run on. */
  gpu: string;
  precision: 'fp32' | 'bf16';
  /** Ids of recorded programs, `<gpu>/<program>`. */
  programs: readonly string[];
  /** Folder that a relative trace_path starts at. */
  folder: string;
}

type Traffic =
  | { kind: 'closed' }
  | { kind: 'poisson' | 'uniform'; rate: number }
  | { kind: 'trace'; trace: 'apollo' }
  | { kind: 'trace'; gaps_file: string };

export interface ClientPlan {
  name: string;
  program: string;
  priority: 'high' | 'best-effort';
  traffic: Traffic;
  requests?: number;
  warmup: number;
}

export interface EvalPlan {
  version: 1;
  id: string;
  gpu: string;
  seed: number;
  system: { name: string; params?: Record<string, boolean> };
  clients: ClientPlan[];
  until?: string;
}

/** GPU on which programs are recorded. */
const RECORDED_ON = 'h200';

/** Name of the published trace, which the core generates where the file is not there; and its number of gaps. */
const APOLLO = { file: 'inter_arrival_times.json', gaps: 6240 };

/** Sizes of BERT and Transformer-XL that are recorded, by mode. */
const RECORDED_SIZE = {
  bert: { train: 'base', eval: 'large' },
  transformer: { train: 'base', eval: 'base' },
} as const;

/** Makes the plan. Throws UserError that names every problem with its key and line. */
export function planOf(config: Config, id: string, options: PlanOptions): EvalPlan {
  const clients = config.models.map((model, i) => clientOf(config, model, i, options));
  config.file.finish();
  const { system, params, ownEnd } = config.policy;
  const first = clients[0] !== undefined && clients[0].traffic.kind !== 'closed';
  return {
    version: 1,
    id,
    gpu: options.gpu,
    seed: config.seed,
    system: { name: system, ...(params === undefined ? {} : { params: params(first) }) },
    clients,
    ...(ownEnd ? {} : { until: clientName(0) }),
  };
}

/** Name of a model's client in the plan and its records. */
export function clientName(index: number): string {
  return `model${String(index)}`;
}

function clientOf(config: Config, model: Model, index: number, options: PlanOptions): ClientPlan {
  const { traffic, requests } = trafficOf(config, model, index, options);
  const counts = index === 0 || config.policy.ownEnd;
  return {
    name: clientName(index),
    program: programOf(model, options),
    priority: index === 0 ? 'high' : 'best-effort',
    traffic,
    ...(counts ? { requests: requests - WARMUP } : {}),
    warmup: WARMUP,
  };
}

/** The recorded program of a model; what is not recorded is a problem that says what is. */
function programOf(model: Model, options: PlanOptions): string {
  const { kind, mode, batch, at } = model;
  if (kind === 'bert' || kind === 'transformer') {
    const recorded = RECORDED_SIZE[kind][mode];
    if (model.arch !== recorded) {
      at.arch.problem(`is ${model.arch}; expected ${recorded}, which is recorded for mode ${mode}`);
    }
  }
  const network = kind === 'transformer' ? 'transformerxl' : kind === 'bert' ? kind : model.arch;
  const stem = `${RECORDED_ON}/${network.replaceAll('_', '')}-${mode === 'train' ? 'training' : 'inference'}-b`;
  const program = `${stem}${String(batch)}-${options.precision}`;
  if (!options.programs.includes(program)) {
    const end = `-${options.precision}`;
    const batches = options.programs
      .filter((name) => name.startsWith(stem) && name.endsWith(end))
      .map((name) => name.slice(stem.length, -end.length));
    const expected =
      batches.length === 0
        ? `no program of it is recorded in ${options.precision} for mode ${mode}`
        : `expected ${batches.join(' or ')}, which is recorded for mode ${mode}`;
    at.batch.problem(`is ${String(batch)}; ${expected}`);
  }
  return program;
}

function trafficOf(
  config: Config,
  model: Model,
  index: number,
  options: PlanOptions,
): { traffic: Traffic; requests: number } {
  const requests = model.iterations;
  if (model.mode === 'train' || model.rate === 0) return { traffic: { kind: 'closed' }, requests };
  if (config.distribution !== 'trace') {
    return { traffic: { kind: config.distribution, rate: model.rate }, requests };
  }
  // The first model alone follows the trace, as many requests as it has gaps.
  if (index > 0 || config.trace === undefined) {
    return { traffic: { kind: 'uniform', rate: model.rate }, requests };
  }
  return readTrace(config.trace, options.folder);
}

function readTrace(trace: Trace, folder: string): { traffic: Traffic; requests: number } {
  const path = resolve(folder, trace.path);
  if (!existsSync(path) && basename(path) === APOLLO.file) {
    trace.at.note(`${trace.path} is not there: the same ${String(APOLLO.gaps)} gaps are generated`);
    return { traffic: { kind: 'trace', trace: 'apollo' }, requests: APOLLO.gaps };
  }
  const requests = countGaps(path, trace);
  return { traffic: { kind: 'trace', gaps_file: path }, requests };
}

/** Number of gaps of a trace file, which must be as the core reads it. */
function countGaps(path: string, trace: Trace): number {
  let gaps: unknown;
  try {
    gaps = readJson(path, 'expected a JSON list of gaps in seconds');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    trace.at.problem(error.message);
    return WARMUP + 1;
  }
  if (!Array.isArray(gaps) || gaps.length <= WARMUP) {
    trace.at.problem(
      `${path} is not a list of more than ${String(WARMUP)} gaps; the first ${String(WARMUP)} requests warm up`,
    );
    return WARMUP + 1;
  }
  const bad = gaps.findIndex((gap) => typeof gap !== 'number' || !(gap >= 0));
  if (bad >= 0) {
    trace.at.problem(
      `${path}: entry ${String(bad)} is ${JSON.stringify(gaps[bad])}; expected seconds, 0 or more`,
    );
  }
  return gaps.length;
}
