/**
 * Registered workload mixes: packages/baselines/workloads/<id>.json, one mix a file. In a figure a mix is an axis value
 * with the groups `hp`, the jobs that are to be protected, and `be`, those that take what is left.
 */

import { basename, join } from 'node:path';
import * as z from 'zod';
import { UserError } from './errors.ts';
import { clientSchema, type AxisValue } from './figure-schema.ts';
import { listFolder, readJson } from './files.ts';
import { describeIssues } from './schema-issues.ts';

/** Priority is what the group says. */
const job = clientSchema.omit({ priority: true });
const protectedJob = job.extend({
  requests: z.int().min(1).describe('Requests, or iterations, measured after the warm-up.'),
});

const workloadSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1).describe('Version of this format.'),
    label: z.string().min(1).max(60).describe('Name on plots and in tables.'),
    description: z
      .string()
      .min(1)
      .describe('What the mix stands for, and what about it is hard for a system.'),
    clients: z.strictObject({
      hp: z
        .array(protectedJob)
        .min(1)
        .describe('Jobs of high priority: whose latency, or iteration time, is to be kept.'),
      be: z
        .array(job)
        .min(1)
        .describe('Best-effort jobs, which run until the high-priority job is done.'),
    }),
  })
  .describe('A workload mix: jobs that share one GPU. The file’s name is its id.');

const NAME = /^[a-z0-9][a-z0-9-]*$/;

/** Every mix of a folder as an axis value, by id. Throws UserError with a line per problem. */
export function readWorkloads(folder: string): AxisValue[] {
  const files = listFolder(folder).filter((name) => name.endsWith('.json'));
  if (files.length === 0)
    throw new UserError(`${folder}: no workload mixes; expected <id>.json of at least one`);
  return files.map((name) => readWorkload(join(folder, name)));
}

function readWorkload(path: string): AxisValue {
  const id = basename(path, '.json');
  if (!NAME.test(id))
    throw new UserError(`${path}: the name; expected lower-case letters, digits and dashes`);
  const input = readJson(path);
  const parsed = workloadSchema.safeParse(input);
  if (!parsed.success) {
    const problems = describeIssues(parsed.error.issues, input, workloadJsonSchema());
    throw new UserError(problems.map((problem) => `${path}: ${problem}`).join('\n'));
  }
  const { label, clients } = parsed.data;
  return {
    id,
    label,
    clients: {
      hp: clients.hp.map((fields) => ({ ...fields, priority: 'high' as const })),
      be: clients.be.map((fields) => ({ ...fields, priority: 'best-effort' as const })),
    },
  };
}

/** The JSON Schema of a workload mix. */
export function workloadJsonSchema(): unknown {
  return z.toJSONSchema(workloadSchema, { io: 'input', target: 'draft-07' });
}
