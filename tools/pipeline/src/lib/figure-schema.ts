/**
 * The schema of figure.json: one definition that validates, types the pipeline's code, and (written out
 * by schema.ts to schemas/figure.schema.json) completes and explains fields in editors.
 */

import * as z from 'zod';

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits and dashes');
const label = z.string().min(1);
const positive = z.number().gt(0);
const count = z.int().min(1);
const paramValue = z.union([z.number(), z.boolean(), z.string()]);
const params = z
  .record(z.string(), paramValue)
  .describe('Parameters that differ from the system’s defaults (`cotenant systems` lists them).');

const openLoop = {
  rate: positive.optional().describe('Requests per second.'),
  load: positive
    .optional()
    .describe('Rate × solo latency of the program on the GPU: the form that moves between GPUs.'),
};

const traffic = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('closed').describe('The next request arrives when the last one is done.'),
    }),
    z.strictObject({ kind: z.literal('uniform').describe('Equal gaps.'), ...openLoop }),
    z.strictObject({ kind: z.literal('poisson').describe('Exponential gaps.'), ...openLoop }),
    z.strictObject({
      kind: z.literal('trace').describe('Recorded gaps.'),
      trace: z.enum(['apollo']).optional().describe('A built-in trace.'),
      gaps_file: z.string().min(1).optional().describe('JSON list of gaps in seconds.'),
    }),
  ])
  .superRefine((value, context) => {
    const [a, b] =
      value.kind === 'trace' ? (['trace', 'gaps_file'] as const) : (['rate', 'load'] as const);
    if (value.kind === 'closed') return;
    const given = [a, b].filter((key) => key in value);
    if (given.length === 1) return;
    const found = given.length === 0 ? 'none is' : 'both are';
    context.addIssue(`${value.kind} traffic needs one of "${a}" and "${b}"; ${found} given`);
  })
  .describe('When requests arrive.');

const client = z
  .strictObject({
    program: z
      .string()
      .regex(/^[a-z0-9.-]+\/[a-z0-9._-]+$/, 'expected <gpu>/<program>')
      .describe('What one request or training iteration executes: a file below programs/.'),
    priority: z.enum(['high', 'best-effort']),
    traffic,
    requests: count
      .optional()
      .describe('Requests measured after the warm-up; absent: until the run ends.'),
    warmup: z
      .int()
      .min(0)
      .optional()
      .describe('Requests run back to back before the clock starts, not recorded.'),
  })
  .describe('One job: program, traffic, priority.');

const axisValue = z.strictObject({
  id,
  label: label.describe('Name on plots.'),
  table_label: label.optional().describe('Name in tables that other programs read; absent: label.'),
  client,
  params: z
    .record(z.string(), params)
    .optional()
    .describe('System parameters that go with this value, by system entry id.'),
});

const system = z.strictObject({
  id: id.describe('Name of the entry: folder of its plans and records, value in results.csv.'),
  label,
  system: z.string().describe('Name of the system in the core.'),
  params: params.optional(),
  alone: z
    .boolean()
    .optional()
    .describe('Run every client by itself, once per axis value, instead of the pairs.'),
  overrides: z
    .record(z.string(), client.pick({ requests: true, warmup: true, traffic: true }).partial())
    .optional()
    .describe('Fields that differ under this entry, by axis.'),
});

const relation = z.enum(['<', '<=', '>', '>=']);
const claimBase = {
  id,
  statement: z.string().min(1).describe('The claim in one sentence.'),
  source: z.string().min(1).describe('Where it was read.'),
  verified: z.boolean().describe('False: recalled or second-hand, to be read with care.'),
  published: z
    .string()
    .optional()
    .describe('Id of the published number in the paper’s reference.json.'),
  metric: z.string(),
  cells: z
    .record(z.string(), z.string())
    .optional()
    .describe('Only these cells, by axis; the value "mean" takes means; absent: every cell.'),
  tolerance: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Relative slack of <= and >=: 0.02 lets them be missed by 2 %. Strict relations have none.',
    ),
};

const claim = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('order').describe('A chain of relations between systems.'),
    ...claimBase,
    systems: z.array(z.string()).min(2),
    relations: z.array(relation).min(1).describe('One fewer than systems.'),
  }),
  z.strictObject({
    kind: z.literal('ratio').describe('One system’s value over another’s.'),
    ...claimBase,
    of: z.string(),
    to: z.string(),
    relation,
    value: z.number().describe('Bound on the ratio.'),
  }),
  z.strictObject({
    kind: z.literal('bound').describe('A bound on one system’s value.'),
    ...claimBase,
    of: z.string(),
    relation,
    value: z.number(),
  }),
  z.strictObject({
    kind: z.literal('monotone').describe('A value that rises or falls along an axis.'),
    ...claimBase,
    of: z.string(),
    along: z.string().describe('The axis, in the order of its values.'),
    direction: z.enum(['rising', 'falling']),
  }),
]);

const table = z
  .strictObject({
    file: z
      .string()
      .regex(/^results\/[\w.{}-]+\.csv$/, 'expected results/<name>.csv')
      .describe('File below the output folder; {system} is replaced, one file per entry.'),
    metric: z.string(),
    rows: z.string().describe('Axis of the rows.'),
    columns: z.string().describe('Axis of the columns.'),
    all_columns: z
      .array(label)
      .optional()
      .describe('Every column the reader expects, in order; those without data hold 0.'),
  })
  .describe('A table whose cells are "mean/std" over the runs, two decimals.');

export const figureSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1).describe('Version of this format.'),
    id,
    paper: id,
    title: z.string().min(1).describe('Title of the figure, shown by tools; plots have their own.'),
    gpu: z.string().describe('GPU specification to run on: a file in gpus/.'),
    systems: z.array(system).min(1).describe('What is compared, in the order of plots.'),
    baseline: z
      .string()
      .optional()
      .describe('System entry that metrics ending in _ratio are divided by.'),
    seeds: z
      .array(z.int().min(0).max(4294967295))
      .min(1)
      .describe('One run of every cell per seed.'),
    axes: z
      .record(id, z.array(axisValue).min(1))
      .describe('Axes whose product are the cells. An axis is also the name of its client.'),
    until: z.string().describe('Client whose last measured request ends a run.'),
    quick: z
      .strictObject({
        seeds: z.array(z.int().min(0).max(4294967295)).min(1).optional(),
        requests: z
          .record(z.string(), count)
          .optional()
          .describe('Requests by axis, for clients whose number is limited.'),
      })
      .optional()
      .describe('The reduced form, for a first look.'),
    metrics: z
      .array(z.string())
      .min(1)
      .describe(
        '<client>_{latency,service}_{p50,p90,p95,p99,mean} or <client>_throughput, optionally with _ratio.',
      ),
    means: z
      .array(z.string())
      .optional()
      .describe('Axes over which rows with the value "mean" are added.'),
    plots: z.array(
      z.string().regex(/^[\w-]+\.vl\.json$/, 'expected a *.vl.json beside figure.json'),
    ),
    tables: z.array(table).optional(),
    claims: z.array(claim).optional().describe('What the paper says that this figure can check.'),
  })
  .describe(
    'A figure: a matrix of runs, how to gather them, how to draw them, what the paper claims.',
  );

export type FigureDefinition = z.infer<typeof figureSchema>;
export type SystemEntry = FigureDefinition['systems'][number];
export type AxisValue = z.infer<typeof axisValue>;
export type ClientDefinition = z.infer<typeof client>;
export type Claim = z.infer<typeof claim>;
export type TableDefinition = z.infer<typeof table>;

/** The JSON Schema of figure.json (input side: fields with defaults are optional). */
export function figureJsonSchema(): unknown {
  return z.toJSONSchema(figureSchema, { io: 'input', target: 'draft-07' });
}
