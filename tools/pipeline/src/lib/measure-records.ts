/** Every measurement of a figure from its records, and which plans have none. */

import { UserError } from './errors.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { measure, pooled, toSample, type Measurement, type RunSample } from './measure.ts';
import type { MissingPlan } from './missing.ts';
import { membersOf, metricClients, planCells } from './plans.ts';
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
  const groups = metricClients(figure);
  const key = (entry: string, plan: string, client: string): string => `${entry}/${plan}/${client}`;
  for (const entry of figure.systems) {
    const ofEntry: Summary[] = [];
    for (const { plan, cell } of planCells(figure, entry)) {
      // Groups as metrics name them, and each of their members.
      const clients = new Set([...groups, ...plan.clients.map(({ name }) => name)]);
      const found = source.records(entry, plan);
      if ('missing' in found) {
        missing.push({ system: entry.id, cell, seed: plan.seed, reason: found.missing });
        for (const client of clients) samples.set(key(entry.id, plan.id, client), null);
        continue;
      }
      ofEntry.push(found.summary);
      for (const client of clients) {
        const members = membersOf(plan, client).map((name) => {
          const records = found.clients.get(name);
          return records === undefined ? null : toSample(records, found.summary, name);
        });
        const present = members.filter((sample) => sample !== null);
        // A member without records is a mistake, which measure() reports; a client without members is not.
        if (present.length === members.length)
          samples.set(
            key(entry.id, plan.id, client),
            members.length === 0 ? null : pooled(present),
          );
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
