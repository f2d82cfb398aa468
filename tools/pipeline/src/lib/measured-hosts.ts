/**
 * The plans of a real GPU as they are simulated to be compared with its measurements: with what an op cost each
 * launching process of the measured run. It differs between hosts, and on some from one start of a process to the
 * next; a system that gates ops feels it. Runs that did not time their launches, and plans that are not measured,
 * take what the GPU's specification says.
 */

import { digest } from './digest.ts';
import { readPackIndex } from './pack.ts';
import type { HostCosts, Plan } from './plans.ts';
import type { Summary } from './raw.ts';

/** `folder`: packages/<paper>/measured/<gpu>/<figure>. Throws UserError for a pack that cannot be read. */
export function onMeasuredHosts(folder: string, entry: string, plans: readonly Plan[]): Plan[] {
  const measured = new Map(readPackIndex(folder, entry).map((packed) => [packed.plan.id, packed]));
  return plans.map((plan) => {
    const packed = measured.get(plan.id);
    // Another plan's clients could have launched other ops.
    if (packed === undefined || digest(packed.plan) !== digest(plan)) return plan;
    if ('unavailable' in packed.summary) return plan;
    const costs = hostCosts(packed.summary);
    return {
      ...plan,
      clients: plan.clients.map((client) => {
        const host = costs.get(client.name);
        return host === undefined ? client : { ...client, host };
      }),
    };
  });
}

/** By client, what each op cost on average: the mean of the quartiles, which what interrupts a call now and then does not move. */
function hostCosts({ counters }: Summary): Map<string, HostCosts> {
  const found = new Map<string, HostCosts>();
  for (const { clients, ...timed } of counters?.hosts ?? []) {
    const costs = Object.fromEntries(
      Object.entries(timed).flatMap(([name, cost]) =>
        cost === null || cost === undefined
          ? []
          : [[name, Math.round((cost.p25 + cost.p50 + cost.p75) / 3)]],
      ),
    ) as HostCosts;
    if (Object.keys(costs).length > 0) for (const client of clients) found.set(client, costs);
  }
  return found;
}
