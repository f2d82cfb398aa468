/** provenance.json of packed measurements: which machine, which software, when, from which commit, by which commands. */

import type { PackedPlan } from './pack.ts';
import { gitState } from './provenance.ts';

export interface PackNotes {
  /** What was run to measure. */
  commands: readonly string[];
  /** How the campaign was sliced, and whatever else a reader should know. */
  notes: readonly string[];
}

interface Machine {
  gpu: unknown;
  /** Absent in runs from before it was recorded. */
  host?: unknown;
  software: unknown;
  plans: number;
  /** When its first and last plan ended. */
  first: string | null;
  last: string | null;
}

export function packProvenance(
  figure: string,
  packed: readonly PackedPlan[],
  of: number,
  { commands, notes }: PackNotes,
  earlier: unknown,
): unknown {
  const unavailable = packed.flatMap(({ summary }) =>
    'unavailable' in summary ? [`${summary.system}: ${summary.unavailable}`] : [],
  );
  return {
    version: 1,
    figure,
    plans: { measured: packed.length - unavailable.length, of, unavailable: unavailable.length },
    unavailable: [...new Set(unavailable)],
    machines: machines(packed),
    // Packs are what is being written: they say nothing of the code.
    packed: { at: new Date().toISOString(), ...gitState('packages/*/measured/*') },
    // A campaign in slices is packed more than once.
    commands: union(field(earlier, 'commands'), commands),
    notes: union(field(earlier, 'notes'), notes),
  };
}

/** Each GPU with its host and software, once. */
function machines(packed: readonly PackedPlan[]): Machine[] {
  const found = new Map<string, Machine>();
  for (const { summary } of packed) {
    if ('unavailable' in summary || summary.machine === undefined) continue;
    const { gpu, host, software = {}, measured_at: at = null } = summary.machine;
    const key = JSON.stringify([gpu, host, software]);
    const machine = found.get(key) ?? {
      ...{ gpu, ...(host === undefined ? {} : { host }), software },
      ...{ plans: 0, first: null, last: null },
    };
    machine.plans++;
    if (at !== null && (machine.first === null || at < machine.first)) machine.first = at;
    if (at !== null && (machine.last === null || at > machine.last)) machine.last = at;
    found.set(key, machine);
  }
  return [...found.values()];
}

function field(earlier: unknown, name: 'commands' | 'notes'): string[] {
  const value = (earlier as Record<string, unknown> | null)?.[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function union(before: readonly string[], now: readonly string[]): string[] {
  return [...new Set([...before, ...now])];
}
