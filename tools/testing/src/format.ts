/** `npm run format`: rewrites every source in its formatter's style. */
import { command } from './suite.ts';
import { formatPython } from './ruff.ts';
import { sources } from './sources.ts';
import { CPP, CPP_SOURCES, PYTHON } from './suites.ts';

formatPython(PYTHON);
const results = [
  await command('node_modules/.bin/prettier', ['--write', '--log-level=warn', '.']),
  await command('clang-format', ['-i', ...sources(CPP, CPP_SOURCES)]),
].filter((line) => line !== undefined);
results.forEach((line) => {
  console.error(line);
});
process.exitCode = results.length === 0 ? 0 : 1;
