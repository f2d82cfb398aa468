/**
 * `npm test`: every suite of the workspace, one closing line.
 *
 *     npm test -- --only cpp,typescript
 */
import { parseArgs } from 'node:util';
import type { Outcome, Suite } from './suite.ts';
import { allSuites } from './suites.ts';

const LINT = ['typecheck', 'eslint', 'prettier', 'clang-format', 'ruff'];

interface Row extends Outcome {
  readonly suite: Suite;
  readonly seconds: number;
}

const selected = select(allSuites());
const rows: Row[] = [];
for (const suite of selected) rows.push(await run(suite));
report(rows);
process.exitCode = rows.some(({ failures }) => failures.length > 0) ? 1 : 0;

function select(suites: Suite[]): Suite[] {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  if (values.only === undefined) return suites;
  const names = values.only.split(',').flatMap((name) => (name === 'lint' ? LINT : [name]));
  const unknown = names.filter((name) => suites.every((suite) => suite.name !== name));
  if (unknown.length > 0) {
    const known = suites.map(({ name }) => name).join(', ');
    console.error(`--only: no suite "${unknown.join('", "')}"; expected some of: lint, ${known}`);
    process.exit(64);
  }
  return suites.filter(({ name }) => names.includes(name));
}

async function run(suite: Suite): Promise<Row> {
  console.log(`\n=== ${suite.name}: ${suite.what}`);
  const start = performance.now();
  let outcome: Outcome;
  try {
    outcome = await suite.run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    outcome = { passed: 0, failures: [`${suite.name}: ${reason}`] };
  }
  // A suite that found nothing to run is broken, not green.
  if (outcome.passed === 0 && outcome.failures.length === 0) {
    outcome = { passed: 0, failures: [`${suite.name}: no tests were found`] };
  }
  return { suite, ...outcome, seconds: (performance.now() - start) / 1000 };
}

function report(rows: readonly Row[]): void {
  console.log('\nsuite          passed  failed  seconds');
  for (const { suite, passed, failures, seconds } of rows) {
    const cells = [String(passed), String(failures.length), seconds.toFixed(1)];
    const [first = '', second = '', third = ''] = cells;
    console.log(
      `${suite.name.padEnd(14)} ${first.padStart(6)}  ${second.padStart(6)}  ${third.padStart(7)}`,
    );
  }
  const failures = rows.flatMap((row) => row.failures);
  if (failures.length > 0)
    console.log(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`);
  const passed = rows.reduce((sum, row) => sum + row.passed, 0);
  console.log(`\n${passed} passed, ${failures.length} failed`);
}
