/**
 * `nx run baselines:eval --config=my.yaml`: a configuration of the tool, as it is.
 *
 *     --config FILE       the configuration
 *     --log FILE          what results are called: FILE.json has them, FILE.plan.json what was run, FILE.csv every
 *                         request (default: out/baselines/eval/ and mode and name of each model, as the tool has it)
 *     --gpu ID            specification of the GPU (default: v100-16 simulated, h200 real)
 *     --lane sim|cuda     simulated (default), or this machine's GPU
 *     --precision P       fp32 (default) or bf16
 *     --core FILE         the core's binary
 */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { readCatalogue } from '../../../tools/pipeline/src/lib/catalogue.ts';
import { runCore } from '../../../tools/pipeline/src/lib/core.ts';
import { EXIT, main, UserError } from '../../../tools/pipeline/src/lib/errors.ts';
import { readText, toJson, writeAtomic } from '../../../tools/pipeline/src/lib/files.ts';
import { CORE, LEDGER, NATIVE, PLAN_SCHEMA, ROOT } from '../../../tools/pipeline/src/lib/paths.ts';
import { planChecker } from '../../../tools/pipeline/src/lib/plan-check.ts';
import { readRecords, readSummary } from '../../../tools/pipeline/src/lib/raw.ts';
import { unknownName } from '../../../tools/pipeline/src/lib/suggest.ts';
import { readConfig, type Config } from './config.ts';
import { planOf } from './plan.ts';
import { resultsOf } from './results.ts';

export interface EvalArgs {
  config: string;
  log?: string | undefined;
  gpu?: string | undefined;
  lane: 'sim' | 'cuda';
  precision: 'fp32' | 'bf16';
  core: string;
}

export interface Evaluation {
  results: Record<string, number | null>;
  /** The result file. */
  file: string;
  /** What the user should know of the configuration. */
  notes: string[];
}

/** Runs a configuration. Writes nothing unless it could be run to the end. */
export async function evaluate(args: EvalArgs): Promise<Evaluation> {
  const { programs, gpus } = readCatalogue(NATIVE);
  const gpu = args.gpu ?? (args.lane === 'cuda' ? 'h200' : 'v100-16');
  if (!gpus.includes(gpu))
    throw new UserError(`--gpu: ${unknownName('GPU', gpu, gpus)}`, EXIT.usage);
  const text = readText(args.config, "expected the tool's config.yaml");
  const config = readConfig(text, args.config);
  const folder = dirname(resolve(args.config));
  const plan = planOf(config, 'eval', { gpu, precision: args.precision, programs, folder });
  planChecker(PLAN_SCHEMA)(plan, args.config);
  const notes = config.file.finish();

  const log = resolve(args.log ?? join(ROOT, 'out/baselines/eval', defaultLog(config)));
  const work = mkdtempSync(join(tmpdir(), 'cotenant-eval-'));
  try {
    const file = join(work, 'eval.plan');
    writeAtomic(file, toJson(plan));
    await runCore({
      core: resolve(args.core),
      plans: [file],
      out: work,
      options: args.lane === 'cuda' ? ['--lane', 'cuda', '--ledger', LEDGER] : [],
      onProgress: () => undefined,
    });
    const summary = readSummary(join(work, 'eval.json'));
    if ('unavailable' in summary) {
      throw new UserError(`${args.config}: ${config.policy.name}: ${summary.unavailable}`);
    }
    const results = resultsOf(config, summary, readRecords(join(work, 'eval.csv'), summary));
    mkdirSync(dirname(log), { recursive: true });
    copyFileSync(join(work, 'eval.csv'), `${log}.csv`);
    writeAtomic(`${log}.plan.json`, toJson(plan));
    writeAtomic(`${log}.json`, toJson(results));
    return { results, file: `${log}.json`, notes };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The tool's default name of a log: mode and name of every model, with nothing between two models. */
export function defaultLog({ models }: Pick<Config, 'models'>): string {
  return `${models.map(({ mode, name }) => `${mode}-${name}`).join('')}.log`;
}

function evalArgs(argv: string[]): EvalArgs {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        config: { type: 'string' },
        log: { type: 'string' },
        gpu: { type: 'string' },
        lane: { type: 'string', default: 'sim' },
        precision: { type: 'string', default: 'fp32' },
        core: { type: 'string', default: CORE },
      },
    });
    const { config, lane, precision } = values;
    if (config === undefined) {
      throw new UserError("--config is missing; expected the tool's config.yaml", EXIT.usage);
    }
    if (lane !== 'sim' && lane !== 'cuda') {
      throw new UserError(`--lane: is "${lane}"; expected sim or cuda`, EXIT.usage);
    }
    if (precision !== 'fp32' && precision !== 'bf16') {
      throw new UserError(`--precision: is "${precision}"; expected fp32 or bf16`, EXIT.usage);
    }
    return { ...values, config, lane, precision };
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error;
    throw new UserError(`command line: ${error.message.split('. ')[0] ?? ''}`, EXIT.usage);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const { results, file, notes } = await evaluate(evalArgs(process.argv.slice(2)));
    for (const note of notes) process.stderr.write(`note: ${note}\n`);
    process.stdout.write(toJson(results));
    console.log(`Results: ${file}`);
  });
}
