/** verdict.md: the verdicts as a page for people. */

import { cellName, format, type ClaimVerdict } from './claims.ts';
import type { PublishedNumber } from './reference.ts';

const MARK = { HOLDS: '✔ HOLDS', FAILS: '✘ FAILS', UNTESTED: '○ UNTESTED' } as const;

export function verdictMarkdown(
  title: string,
  origin: string,
  verdicts: readonly ClaimVerdict[],
  published: (id: string) => PublishedNumber,
): string {
  const count = (verdict: string): string =>
    String(verdicts.filter((v) => v.verdict === verdict).length);
  const lines = [
    `# Claims: ${title}`,
    '',
    `${origin}.`,
    '',
    `${count('HOLDS')} hold, ${count('FAILS')} fail, ${count('UNTESTED')} are untested.`,
    '',
    '| claim | verdict | numbers |',
    '| --- | --- | --- |',
    ...verdicts.map(
      (v) => `| [${v.id}](#${v.id}) | ${MARK[v.verdict]} | ${escapeCell(v.summary)} |`,
    ),
  ];
  for (const v of verdicts) {
    lines.push('', `## ${v.id}`, '', `${MARK[v.verdict]}: ${v.statement}`, '');
    lines.push(`Source: ${v.source}${v.verified ? '' : ' (not verified)'}.`);
    if (v.published !== null) {
      const { value, unit, hardware, source, verified } = published(v.published);
      lines.push(
        '',
        `Published: ${format(value)} ${unit} on ${hardware} (${source}${verified ? '' : ', not verified'}).`,
      );
    }
    lines.push(
      '',
      `Metric: ${v.metric}${v.unit === '' ? '' : ` (${v.unit})`}; tolerance ${format(v.tolerance * 100)} %.`,
    );
    lines.push(
      '',
      '| cell | verdict | values with 95 % intervals | why |',
      '| --- | --- | --- | --- |',
    );
    for (const cell of v.cells) {
      const values = cell.estimates.map(
        (e) => `${e.of} ${format(e.value)} [${format(e.ci_low)}, ${format(e.ci_high)}]`,
      );
      lines.push(
        `| ${cellName(cell.cell)} | ${MARK[cell.verdict]} | ${values.join('; ')} | ${escapeCell(cell.reason)} |`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
