/**
 * `nx run shared-native:properties`: what every system promises, in many random runs.
 *
 *     --cases N    runs over all systems (default 1 000 000; the tests make 10 000)
 *     --first N    number of the first run: others than last time
 */
import { parseArgs } from 'node:util';
import { BuildFailed, build, RELEASE } from './cmake.ts';
import { main } from './entry.ts';
import { runTests } from './gtest.ts';

await main('properties', async () => {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '1000000' },
      first: { type: 'string', default: '0' },
    },
  });
  for (const [name, value] of Object.entries(values)) {
    if (!/^\d+$/.test(value)) {
      throw new BuildFailed(`--${name}: is "${value}"; expected a whole number`);
    }
  }
  build(RELEASE, ['cotenant', 'cotenant_tests'], { tests: true });
  process.env['COTENANT_PROPERTY_CASES'] = values.cases;
  process.env['COTENANT_PROPERTY_FIRST'] = values.first;
  const failed = await runTests(RELEASE, { samples: 100, filter: '*AnyRun*' });
  if (failed.length > 0) throw new BuildFailed(failed.join('; '));
  console.log(`${values.cases} runs, from number ${values.first}, kept every promise`);
});
