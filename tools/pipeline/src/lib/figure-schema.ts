/**
 * The schema of figure.json: one definition that validates, types the pipeline's code, and (written out
 * by schema.ts to schemas/figure.schema.json) completes and explains fields in editors.
 */

import * as z from 'zod';
import { claimSchema } from './claim-schema.ts';

/** In a list: see registered.ts. */
export const REGISTERED = 'registered';

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
      load: positive
        .optional()
        .describe(
          'Stretch the gaps by one factor, so that they make this load; absent: as they are.',
        ),
      start: z
        .enum(['first', 'drawn'])
        .optional()
        .describe(
          'Gap to begin with: the first one, or one drawn with the seed, and then around the end, so that runs differ; absent: first.',
        ),
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

export const clientSchema = z
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

const axisValue = z
  .strictObject({
    id,
    label: label.describe('Name on plots.'),
    table_label: label
      .optional()
      .describe('Name in tables that other programs read; absent: label.'),
    client: clientSchema.optional(),
    copies: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .describe(
        'This many clients of the same definition, each with arrivals of its own; metrics pool them. Absent: one.',
      ),
    clients: z
      .record(id, z.array(clientSchema))
      .optional()
      .describe(
        'Several jobs, by group, in place of client. A group is a client in metrics and in until; its jobs are <group>-1, <group>-2, …',
      ),
    params: z
      .record(z.string(), params)
      .optional()
      .describe('System parameters that go with this value, by system entry id.'),
  })
  .superRefine((value, context) => {
    if ((value.client === undefined) === (value.clients === undefined))
      context.addIssue('an axis value needs one of "client" and "clients"');
    if (value.copies !== undefined && value.client === undefined)
      context.addIssue('"copies" are of "client"; groups in "clients" list each of theirs');
  });

const system = z.strictObject({
  id: id.describe('Name of the entry: folder of its plans and records, value in results.csv.'),
  label,
  system: z.string().describe('Name of the system in the core.'),
  params: params.optional(),
  carveout: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'Shared memory that every kernel prefers, in percent of the most an SM can split off; absent: as the libraries launch it.',
    ),
  alone: z
    .boolean()
    .optional()
    .describe('Run every client by itself, once per axis value, instead of the pairs.'),
  only: z
    .record(z.string(), z.array(id).min(1))
    .optional()
    .describe(
      'Values that this entry is run with, by axis; absent: all. The other cells have no value of it.',
    ),
  groups: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Clients or groups that run under this entry; the others are left out.'),
  overrides: z
    .record(
      z.string(),
      clientSchema.pick({ requests: true, warmup: true, traffic: true }).partial(),
    )
    .optional()
    .describe('Fields that differ under this entry, by axis.'),
});

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

const winner = z
  .strictObject({
    id,
    label: label.describe('What is asked, as the heading of its column.'),
    metric: z.string().describe('One of the figure’s metrics.'),
    best: z.enum(['lowest', 'highest']),
    within: z
      .strictObject({ metric: z.string(), at_most: positive })
      .optional()
      .describe('Only systems whose value of this metric is at most so much.'),
    except: z.array(z.string()).optional().describe('System entries that do not compete.'),
  })
  .describe('A question of which system is best in each cell.');

const seeds = z.array(z.int().min(0).max(4294967295)).min(1);

const quick = z.strictObject({
  seeds: seeds.optional(),
  systems: z
    .array(id)
    .min(1)
    .optional()
    .describe('System entries that are compared in it; absent: all.'),
  requests: z
    .record(z.string(), count)
    .optional()
    .describe('Requests by axis, for clients whose number is limited.'),
});

const valueOverride = z
  .strictObject({
    client: clientSchema
      .partial()
      .optional()
      .describe('Fields of the client that differ; the others stay.'),
    params: z
      .record(z.string(), params)
      .optional()
      .describe('Replaces the value’s params; {} drops them.'),
  })
  .describe('What of an axis value differs on the real GPU.');

const cuda = z.strictObject({
  gpu: z.string().optional().describe('GPU of these plans: a file in gpus/; absent: the figure’s.'),
  systems: z
    .array(z.union([id, system]))
    .min(1)
    .optional()
    .describe(
      'What is compared there, in the order of plots. A text takes the entry of that id from the figure as it is.',
    ),
  programs: z
    .enum(['live', 'synthetic'])
    .optional()
    .describe(
      'What runs: the models themselves (live, the default), or kernels generated after the programs, for programs that no model stands behind.',
    ),
  seeds: seeds.optional(),
  axes: z
    .record(id, z.record(z.string(), valueOverride))
    .optional()
    .describe('What differs, by axis and id of the value; "*" is for every value of the axis.'),
  utilization_interval_ns: z
    .int()
    .min(100_000_000)
    .optional()
    .describe(
      'Intervals there, no shorter than a real GPU refreshes its counters: 100 ms; absent: the figure’s.',
    ),
  quick: quick.optional().describe('The reduced form there; absent: the figure’s.'),
});

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
    seeds: seeds.describe('One run of every cell per seed.'),
    axes: z
      .record(id, z.array(axisValue).min(1))
      .describe(
        'Axes whose product are the cells. An axis is also the name of its client, if its values have one.',
      ),
    run_by: z
      .string()
      .optional()
      .describe(
        'The first axis: each of its values is then run, and cached, as a task of its own under every system, so that adding one runs that one. Absent: one task a system.',
      ),
    refusals: z
      .enum(['recorded'])
      .optional()
      .describe(
        'Systems may refuse cells that they cannot serve: these have no value, and missing.csv says why. Absent: a refusal is a mistake.',
      ),
    until: z
      .string()
      .describe('Client whose last measured request ends a run; of a group, its first.'),
    utilization_interval_ns: z
      .int()
      .min(1000)
      .optional()
      .describe(
        'Count what the GPU is used for, in intervals of so many nanoseconds: metrics <client>_gpu_*, and utilization.csv for plots over time. A real GPU (Hopper or later) needs 100 ms.',
      ),
    memory_interval_ns: z
      .int()
      .min(1000)
      .optional()
      .describe(
        'Record the simulated GPU’s memory, in intervals of so many nanoseconds: metrics <client>_memory_*, and memory.csv for plots over time.',
      ),
    phases: z
      .boolean()
      .optional()
      .describe(
        'Record when each phase of an iteration was on the simulated device: phases.csv for plots over time.',
      ),
    quick: quick.optional().describe('The reduced form, for a first look.'),
    cuda: cuda
      .optional()
      .describe(
        'What differs on a real GPU (lanes cuda and measured) and in the simulation of it: each field here replaces the figure’s own.',
      ),
    metrics: z
      .array(z.string())
      .min(1)
      .describe(
        '<client>_{latency,service,wait}_{p50,p80,p90,p95,p99,max,mean}, <client>_throughput, <client>_iterations or, with utilization_interval_ns, <client>_gpu_{sm_busy,occupancy,compute,dram} or, with memory_interval_ns, <client>_memory_{live_mean,live_max,held_max,peaks,live_max_share,held_max_share,over_budget}; optionally with _ratio; or system_throughput, or iterations_apart. With groups, "all" is all clients together.',
      ),
    means: z
      .array(z.string())
      .optional()
      .describe('Axes over which rows with the value "mean" are added.'),
    plots: z
      .array(
        z
          .string()
          .regex(
            /^(\.\.\/[a-z0-9-]+\/)?[\w-]+\.vl\.json$/,
            'expected a *.vl.json beside figure.json',
          ),
      )
      .describe(
        'Vega-Lite files beside figure.json, or of a sibling: "../<figure>/<plot>.vl.json".',
      ),
    tables: z.array(table).optional(),
    winners: z
      .array(winner)
      .min(1)
      .optional()
      .describe('winners.csv and winners.md: which system is best in each cell, and by how much.'),
    claims: z
      .array(claimSchema)
      .optional()
      .describe('What the paper says that this figure can check.'),
  })
  .describe(
    'A figure: a matrix of runs, how to gather them, how to draw them, what the paper claims.',
  );

export type FigureDefinition = z.infer<typeof figureSchema>;
export type SystemEntry = FigureDefinition['systems'][number];
export type AxisValue = z.infer<typeof axisValue>;
export type ClientDefinition = z.infer<typeof clientSchema>;
export type CudaLane = NonNullable<FigureDefinition['cuda']>;
export type TableDefinition = z.infer<typeof table>;

export type WinnerDefinition = z.infer<typeof winner>;

/** The JSON Schema of a checked figure (input side: fields with defaults are optional). */
export function figureJsonSchema(): unknown {
  return z.toJSONSchema(figureSchema, { io: 'input', target: 'draft-07' });
}

/** What figure.json may hold before "registered" is filled in: the schema for editors. */
export function figureFileJsonSchema(): unknown {
  const registered = z
    .literal(REGISTERED)
    .describe('Last in the list: everything that is registered and not named before.');
  const { systems, axes } = figureSchema.shape;
  const file = figureSchema.extend({
    systems: z
      .array(z.union([system, registered]))
      .min(1)
      .describe(systems.description ?? ''),
    axes: z
      .record(id, z.array(z.union([axisValue, registered])).min(1))
      .describe(axes.description ?? ''),
  });
  return z.toJSONSchema(file, { io: 'input', target: 'draft-07' });
}
