/** Checks plans against the schema that the core reads them by. */

import { Ajv, type ErrorObject } from 'ajv';
import { UserError } from './errors.ts';
import { readJson } from './files.ts';

/** Compiles the plan schema; the result throws UserError for a plan that breaks it. */
export function planChecker(schemaPath: string): (plan: unknown, where: string) => void {
  const schema = readJson(schemaPath, 'expected the core’s plan schema; is the checkout complete?');
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema as object);
  return (plan, where) => {
    if (validate(plan)) return;
    throw new UserError(`${where}: ${describe(validate.errors ?? [])}`);
  };
}

/** The error of the deepest field: with unions, that is the one that says most. */
function describe(errors: readonly ErrorObject[]): string {
  const depth = (error: ErrorObject): number => error.instancePath.split('/').length;
  const deepest = [...errors].sort((a, b) => depth(b) - depth(a))[0];
  if (deepest === undefined) return 'does not follow the plan schema';
  const field = deepest.instancePath.slice(1).replaceAll('/', '.') || 'the plan';
  const params = deepest.params as Record<string, unknown>;
  const extra =
    typeof params['additionalProperty'] === 'string' ? ` (${params['additionalProperty']})` : '';
  return `${field}: ${deepest.message ?? 'is not valid'}${extra}`;
}
