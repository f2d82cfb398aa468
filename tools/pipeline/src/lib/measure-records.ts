/** Every measurement of a figure from its records, and which plans have none. */

import { UserError } from './errors.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { measure, toSample, type Measurement, type RunSample } from './measure.ts';
import type { MissingPlan } from './missing.ts';
import { clientsOf, planCells } from './plans.ts';
import type { Summary } from './raw.ts';
import type { RecordSource } from './records.ts';

export interface Measured {
  /** By system entry; an entry of which nothing is measured has an empty list. */
  summaries: Map<string, Summary[]>;
  measured: Measurement[];
  missing: MissingPlan[];
}

export function measureRecords(figure: FigureDefinition, source: RecordSource): Measured {
  const summaries = new Map<string, Summary[]>();
  const samples = new Map<string, RunSample | null>();
  const missing: MissingPlan[] = [];
  const key = (entry: string, plan: string, client: string): string => `${entry}/${plan}/${client}`;
  for (const entry of figure.systems) {
    const ofEntry: Summary[] = [];
    for (const { plan, cell } of planCells(figure, entry)) {
      const found = source(entry, plan);
      if ('missing' in found) {
        missing.push({ system: entry.id, cell, seed: plan.seed, reason: found.missing });
        for (const axis of Object.keys(cell)) samples.set(key(entry.id, plan.id, axis), null);
        continue;
      }
      ofEntry.push(found.summary);
      for (const axis of Object.keys(cell)) {
        const clients = clientsOf(plan, axis);
        if (clients.every((client) => found.clients.has(client))) {
          const sample = toSample(found.clients, found.summary, clients);
          samples.set(key(entry.id, plan.id, axis), sample);
        }
      }
    }
    summaries.set(entry.id, ofEntry);
  }
  const measured = measure(figure, (entry, plan, client) => {
    const sample = samples.get(key(entry.id, plan, client));
    if (sample === undefined) {
      throw new UserError(
        `records of ${entry.id}, plan ${plan}: no client "${client}"; run ${entry.id} again`,
      );
    }
    return sample;
  });
  return { summaries, measured, missing };
}
