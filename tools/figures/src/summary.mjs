// @ts-check
/** The last words of a figure's run: what the claims came to, and where the results lie. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const out = process.argv[process.argv.indexOf('--out') + 1] ?? '';

/** @type {{claims?: {verdict?: string}[]}} */
const { claims = [] } = JSON.parse(readFileSync(join(out, 'verdict.json'), 'utf8'));
/** @param {string} verdict */
const count = (verdict) => claims.filter((claim) => claim.verdict === verdict).length;
console.log(
  `Claims: ${count('HOLDS')} hold, ${count('FAILS')} fail, ${count('UNTESTED')} untested (${out}/verdict.md)`,
);

const plots = readdirSync(out).filter((file) => file.endsWith('.html'));
for (const plot of plots.sort())
  console.log(`Plot:   ${join(out, plot)} (also .svg, .png, .vl.json)`);
const tables = readdirSync(out).filter((file) => file === 'winners.md');
for (const table of tables) console.log(`Table:  ${join(out, table)} (also .csv)`);
console.log(`Data:   ${out}/results.csv`);
