/**
 * The tool's config.yaml: a policy, the models that share the GPU, what they share, and a block for each model.
 *
 * Read as the tool reads it: a model names its block; a block's name, less a final "-1" (which stands for a second
 * instance), is the kind of model; blocks that no model names, and keys that nothing here depends on, may say what
 * they like.
 */

import { UserError } from '../../../tools/pipeline/src/lib/errors.ts';
import { nearest } from '../../../tools/pipeline/src/lib/suggest.ts';
import { POLICIES, type Policy } from './policies.ts';
import { YamlValue } from './yaml-value.ts';

export type Mode = 'train' | 'eval';

/** Iterations that every loop of the tool runs before its clock starts. */
export const WARMUP = 10;

/** Kinds of model that the tool has wired, by the name of their block. */
const KINDS = ['resnet50', 'resnet101', 'mobilenet_v2', 'bert', 'transformer'] as const;
type Kind = (typeof KINDS)[number];

/** Kinds that are in the tool's repository as well, of which there is no recorded program. */
const UNRECORDED = ['retinanet', 'nasnet', 'gnmt', 'dcgan'];

const VISION = ['resnet50', 'resnet101', 'mobilenet_v2'] as const;
const SIZES = ['base', 'large'] as const;

export interface Model {
  /** Name of the block. */
  name: string;
  mode: Mode;
  kind: Kind;
  /** Which network of its kind. */
  arch: (typeof VISION)[number] | (typeof SIZES)[number];
  batch: number;
  iterations: number;
  /** Requests a second; 0: the next one when the last is done. Of what trains, 0. */
  rate: number;
  /** Keys whose values something else may turn out to be wrong with. */
  at: { batch: YamlValue; arch: YamlValue; name: YamlValue };
}

export interface Trace {
  path: string;
  at: YamlValue;
}

export interface Config {
  policy: Policy;
  models: Model[];
  distribution: 'poisson' | 'uniform' | 'trace';
  /** Gaps of the first model; only with that distribution. */
  trace?: Trace;
  seed: number;
  /** The file, to record further problems with. */
  file: YamlValue;
}

/** Seed where none is given: that of the tool's published configuration. */
const DEFAULT_SEED = 42;

/** Reads a configuration. Throws UserError that names every problem with its key and line. */
export function readConfig(text: string, name: string): Config {
  const file = YamlValue.parse(text, name);
  file.noteRepeatedKeys();
  const policy = readPolicy(file);
  const models = readModels(file, policy);
  const shared = file.get('shared_config', 'distribution, seed and the like');
  const config = readShared(shared, models);
  file.finish();
  if (policy === undefined) throw new UserError(`${name}: no policy`);
  return { policy, models, file, ...config };
}

function readPolicy(file: YamlValue): Policy | undefined {
  const names = POLICIES.map(({ name }) => name);
  const value = file.get('policy', `one of ${names.join(', ')}`);
  const chosen = value?.choice(names, 'policy');
  if (chosen === 'Sequential') {
    value?.note(
      'one request at a time, as the name has it; what the published code does, all on one stream, is Sequential-as-published',
    );
  }
  return POLICIES.find(({ name }) => name === chosen);
}

function readModels(file: YamlValue, policy: Policy | undefined): Model[] {
  const expected = 'model0, model1, …, each with mode and name';
  const list = file.get('models', expected);
  if (!list?.isMap(expected)) return [];
  list.noteRepeatedKeys();
  const entries = list.entries();
  if (entries.length === 0) list.problem(`is empty; expected ${expected}`);
  if (policy?.models !== undefined && entries.length !== policy.models) {
    list.problem(
      `there ${entries.length === 1 ? 'is 1 model' : `are ${String(entries.length)} models`}; ` +
        `expected ${String(policy.models)}: ${policy.name} alternates the phases of two`,
    );
  }
  const models = entries.flatMap(({ value }) => readModel(file, value) ?? []);
  if (policy?.name === 'TickTock' && models.some(({ mode }) => mode === 'eval')) {
    list.note(
      'TickTock has controls around the phases of training only: models that evaluate run freely, and so does the one beside them',
    );
  }
  return models;
}

function readModel(file: YamlValue, entry: YamlValue): Model | undefined {
  if (!entry.isMap('mode and name')) return undefined;
  const mode = entry.get('mode', 'train or eval')?.choice(['train', 'eval'] as const, 'mode');
  const at = entry.get('name', "the name of a model's block");
  const name = at?.text("the name of a model's block");
  for (const { key, value } of entry.entries()) {
    if (key !== 'mode' && key !== 'name') value.note('is unknown; it changes nothing');
  }
  if (mode === undefined || at === undefined || name === undefined) return undefined;
  const blocks = file
    .entries()
    .map(({ key }) => key)
    .filter((key) => !['policy', 'models', 'shared_config'].includes(key));
  const block = blocks.includes(name) ? file.find(name) : undefined;
  if (block === undefined) {
    const near = nearest(name, blocks);
    const hint =
      near === null ? `there are ${blocks.join(', ') || 'none'}` : `did you mean "${near}"?`;
    at.problem(`is "${name}", and the file has no block '${name}:' for it; ${hint}`);
    return undefined;
  }
  const kind = name.endsWith('-1') ? name.slice(0, -2) : name;
  if (!isKind(kind)) {
    const why = UNRECORDED.includes(kind)
      ? 'of which no program is recorded'
      : 'which is no model of the tool';
    at.problem(`is "${name}", ${why}; expected one of ${KINDS.join(', ')}, or one of them with -1`);
    return undefined;
  }
  return readBlock(block, { name, mode, kind, at });
}

function isKind(name: string): name is Kind {
  return (KINDS as readonly string[]).includes(name);
}

function readBlock(
  block: YamlValue,
  { name, mode, kind, at }: { name: string; mode: Mode; kind: Kind; at: YamlValue },
): Model | undefined {
  if (!block.isMap('arch, batch_size, num_iterations and request_rate')) return undefined;
  block.noteRepeatedKeys();
  const archs = kind === 'bert' || kind === 'transformer' ? SIZES : VISION;
  const archAt = block.get('arch', `one of ${archs.join(', ')}`);
  const arch = archAt?.choice<Model['arch']>(archs, 'arch');
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  const batchAt = block.get('batch_size', 'a whole number of at least 1');
  const batch = batchAt?.number('a whole number of at least 1', whole);
  const more = `a whole number of more than ${String(WARMUP)}: the first ${String(WARMUP)} iterations warm up`;
  const iterations = block
    .get('num_iterations', more)
    ?.number(more, (value) => whole(value) && value > WARMUP);
  let rate: number | undefined = 0;
  if (mode === 'eval') {
    const requests = 'requests per second, or 0 for one after the other';
    rate = block.get('request_rate', requests)?.number(requests, (value) => value >= 0);
  }
  if (
    arch === undefined ||
    archAt === undefined ||
    batchAt === undefined ||
    batch === undefined ||
    iterations === undefined ||
    rate === undefined
  ) {
    return undefined;
  }
  return {
    name,
    mode,
    kind,
    arch,
    batch,
    iterations,
    rate,
    at: { batch: batchAt, arch: archAt, name: at },
  };
}

function readShared(
  shared: YamlValue | undefined,
  models: readonly Model[],
): Pick<Config, 'distribution' | 'seed'> & { trace?: Trace } {
  const result = { distribution: 'poisson' as Config['distribution'], seed: DEFAULT_SEED };
  if (!shared?.isMap('distribution, seed and the like')) return result;
  shared.noteRepeatedKeys();
  const choices = ['poisson', 'uniform', 'trace'] as const;
  const evaluates = models.some(({ mode }) => mode === 'eval');
  const distribution = evaluates
    ? shared.get('distribution', `one of ${choices.join(', ')}`)
    : shared.find('distribution');
  result.distribution = distribution?.choice(choices, 'distribution') ?? result.distribution;
  shared.find('pin_memory')?.flag(); // no program depends on it, but it must be a flag all the same
  const seed = shared.find('seed');
  if (seed === undefined) shared.note(`has no 'seed'; it is ${String(DEFAULT_SEED)}`);
  result.seed =
    seed?.number(
      'a whole number from 0 to 4294967295',
      (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32,
    ) ?? result.seed;
  if (result.distribution !== 'trace' || !evaluates) return result;
  const what = 'a JSON file with the gaps between requests, in seconds';
  const at = shared.get('trace_path', what);
  const path = at?.text(what);
  return at === undefined || path === undefined ? result : { ...result, trace: { path, at } };
}
