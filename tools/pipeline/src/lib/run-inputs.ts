/** What a run depends on: its plans, the programs and GPU they name, and the core with this system. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { digest, digestFile, type Inputs } from './digest.ts';
import type { Plan } from './plans.ts';

/** Digests for one system entry; `native` is the core's package folder. */
export function runInputs(plans: readonly Plan[], native: string): Inputs {
  const first = plans[0];
  if (first === undefined) return {};
  const programs = [...new Set(plans.flatMap((plan) => plan.clients.map((c) => c.program)))].sort();
  const fingerprint = join(
    native,
    'dist/fingerprints',
    `${first.system.name.replaceAll('-', '_')}.txt`,
  );
  const dashed = join(native, 'dist/fingerprints', `${first.system.name}.txt`);
  const core = existsSync(dashed) ? dashed : fingerprint;
  return {
    ...Object.fromEntries(plans.map((plan) => [`plan ${plan.id}`, digest(plan)])),
    ...Object.fromEntries(
      programs.map((id) => [
        `program ${id}`,
        digestFile(join(native, 'programs', `${id}.program.gz`)),
      ]),
    ),
    [`GPU specification ${first.gpu}`]: digestFile(join(native, 'gpus', `${first.gpu}.json`)),
    [`core with ${first.system.name}`]: digestFile(core),
  };
}
