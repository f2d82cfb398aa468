import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { planChecker } from './plan-check.ts';

const SCHEMAS = join(import.meta.dirname, '../../../../packages/shared-native/schemas');
const check = planChecker(join(SCHEMAS, 'plan.schema.json'));

/** The core's own reader is tested on the same files: schema and reader agree on every one. */
function examples(kind: 'valid' | 'invalid'): { name: string; plan: unknown }[] {
  const folder = join(SCHEMAS, 'examples', kind);
  return readdirSync(folder).map((name) => ({
    name,
    plan: JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown,
  }));
}

describe('the plan schema', () => {
  test.each(examples('valid'))('accepts $name', ({ name, plan }) => {
    expect(() => {
      check(plan, name);
    }).not.toThrow();
  });

  test.each(examples('invalid'))('refuses $name', ({ name, plan }) => {
    expect(() => {
      check(plan, name);
    }).toThrow(name);
  });
});
