/** What a run depends on: its plans, the programs and GPU they name, and the core with this system. */

import { join } from 'node:path';
import type { Lane } from './args.ts';
import { digest, digestFile, type Inputs } from './digest.ts';
import type { Plan } from './plans.ts';

/** Digests for one system entry; `native` is the core's package folder. */
export function runInputs(plans: readonly Plan[], native: string, lane: Lane): Inputs {
  const first = plans[0];
  if (first === undefined) return {};
  const programs = [...new Set(plans.flatMap((plan) => plan.clients.map((c) => c.program)))].sort();
  // The real GPU's fingerprint covers its own code too; which GPU and driver it was is in the records.
  const fingerprint = `${lane === 'cuda' ? 'cuda-' : ''}${first.system.name}.txt`;
  return {
    ...Object.fromEntries(plans.map((plan) => [`plan ${plan.id}`, digest(plan)])),
    ...Object.fromEntries(
      programs.map((id) => [
        `program ${id}`,
        digestFile(join(native, 'programs', `${id}.program.gz`)),
      ]),
    ),
    [`GPU specification ${first.gpu}`]: digestFile(join(native, 'gpus', `${first.gpu}.json`)),
    [`core with ${first.system.name}`]: digestFile(join(native, 'dist/fingerprints', fingerprint)),
  };
}
