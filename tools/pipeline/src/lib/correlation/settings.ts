/** correlation.json: which figures are compared, which pairs the simulator may be calibrated with, and the bars. */

import * as z from 'zod';
import { UserError } from '../errors.ts';
import { readJson } from '../files.ts';
import { describeIssues } from '../schema-issues.ts';

const share = z.number().gt(0).lt(1);

export const correlationSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1),
    figures: z
      .array(z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'expected <paper>/<figure>'))
      .min(1)
      .describe('Figures whose plans for a real GPU are measured and simulated.'),
    metrics: z
      .array(z.string())
      .min(1)
      .describe('Metrics of these figures, in the order of the table.'),
    calibration: z
      .array(
        z.strictObject({
          figure: z.string(),
          cell: z.record(z.string(), z.string()).describe('Value ids by axis.'),
        }),
      )
      .describe(
        'Cells that constants of the simulator may be fitted to. All others are held back.',
      ),
    load_limit: share.describe(
      'Cells with at least this load are reported apart in latency: queues multiply every error there.',
    ),
    bars: z
      .array(
        z.strictObject({
          metric: z.string(),
          median_error: share.describe('The median relative error of the held-back cells.'),
          below_load_limit: z
            .boolean()
            .default(false)
            .describe('Only of cells below the load limit.'),
        }),
      )
      .min(1),
    ranks: z
      .array(z.string())
      .describe('Metrics in which the order of systems has to be right in every cell.'),
  })
  .describe('How simulated results are compared with measured ones.');

export type CorrelationSettings = z.infer<typeof correlationSchema>;

export function correlationJsonSchema(): unknown {
  return z.toJSONSchema(correlationSchema, { io: 'input', target: 'draft-07' });
}

export function readSettings(path: string): CorrelationSettings {
  const input = readJson(path, 'expected the settings of the correlation');
  const parsed = correlationSchema.safeParse(input);
  const problems = parsed.success
    ? checkSettings(parsed.data)
    : describeIssues(parsed.error.issues, input, correlationJsonSchema());
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new UserError(problems.map((problem) => `${path}: ${problem}`).join('\n'));
}

function checkSettings({
  figures,
  metrics,
  calibration,
  bars,
  ranks,
}: CorrelationSettings): string[] {
  return [
    ...calibration.flatMap(({ figure }, i) =>
      figures.includes(figure)
        ? []
        : [
            `calibration[${String(i)}].figure: is "${figure}"; expected one of ${figures.join(', ')}`,
          ],
    ),
    ...[...bars.map(({ metric }) => metric), ...ranks].flatMap((metric) =>
      metrics.includes(metric)
        ? []
        : [`bars or ranks: "${metric}" is not compared; expected one of ${metrics.join(', ')}`],
    ),
  ];
}
