/**
 * What a figure takes by registration: "registered", last in a list of systems or of an axis's values, stands for every
 * registered system, or workload mix, that the list does not name. A new one is in the figure without an edit of it.
 *
 * The list is filled in before the definition is checked, so that what is registered passes the same checks as what is
 * written there; last, so that places in messages are those of the file.
 */

import { join } from 'node:path';
import { readCatalogue } from './catalogue.ts';
import { REGISTERED } from './figure-schema.ts';
import { ROOT } from './paths.ts';
import { readWorkloads } from './workloads.ts';

/** Where registered mixes lie, below the root of the checkout. */
export const WORKLOADS = 'packages/baselines/workloads';

/** Looked up only by figures that ask for it. */
export interface Registry {
  systems: () => readonly string[];
  workloads: () => readonly { id: string }[];
}

/** What this repository registers. */
export const REPOSITORY: Registry = {
  systems: () => readCatalogue(join(ROOT, 'packages/shared-native')).systems,
  workloads: () => readWorkloads(join(ROOT, WORKLOADS)),
};

/** The parsed figure.json, not yet checked, with its lists filled in. */
export function withRegistered(input: unknown, registry: Registry): unknown {
  if (!isObject(input)) return input;
  const { systems, axes } = input;
  return {
    ...input,
    ...(asks(systems) ? { systems: withSystems(systems, registry) } : {}),
    ...(isObject(axes)
      ? {
          axes: Object.fromEntries(
            Object.entries(axes).map(([axis, values]) => [
              axis,
              asks(values) ? withWorkloads(values, registry) : values,
            ]),
          ),
        }
      : {}),
  };
}

/** An entry under the system's own name, with its default parameters. */
function withSystems(list: readonly unknown[], registry: Registry): unknown[] {
  const own = list.slice(0, -1);
  const named = own.map((entry) => (isObject(entry) ? entry['system'] : undefined));
  const others = registry.systems().filter((system) => !named.includes(system));
  return [...own, ...others.map((system) => ({ id: system, label: system, system }))];
}

function withWorkloads(list: readonly unknown[], registry: Registry): unknown[] {
  const own = list.slice(0, -1);
  const named = own.map((value) => (isObject(value) ? value['id'] : undefined));
  return [...own, ...registry.workloads().filter(({ id }) => !named.includes(id))];
}

function asks(list: unknown): list is unknown[] {
  return Array.isArray(list) && list.at(-1) === REGISTERED;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
