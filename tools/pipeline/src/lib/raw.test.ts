import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import { parseRecords, type Summary } from './raw.ts';

const HEADER = 'client,index,arrival_ns,start_ns,end_ns\n';

function summary(requests: Record<string, number>): Summary {
  return {
    version: 1,
    plan: 'p',
    system: 's',
    gpu: 'g',
    lane: 'sim',
    label: 'simulated',
    seed: 1,
    duration_ns: 1e9,
    input_digest: 'd',
    clients: Object.entries(requests).map(([name, n]) => ({
      name,
      requests: n,
      iterations_in_window: n,
    })),
  };
}

function parse(text: string, requests: Record<string, number>): ReturnType<typeof parseRecords> {
  return parseRecords(Buffer.from(text), 'x.csv', summary(requests));
}

test('response counts from arrival, service from start', () => {
  const records = parse(`${HEADER}hp,0,0,5,25\nbe,0,0,0,30\nhp,1,10,30,55\n`, { hp: 2, be: 1 });
  expect([...(records.get('hp')?.response ?? [])]).toEqual([25, 45]);
  expect([...(records.get('hp')?.service ?? [])]).toEqual([20, 25]);
  expect([...(records.get('be')?.response ?? [])]).toEqual([30]);
});

test.each([
  [
    'another header',
    'client,index\n',
    'x.csv:1: the header is "client,index"; expected "client,index,arrival_ns,start_ns,end_ns"',
  ],
  ['an unknown client', `${HEADER}hq,0,0,0,1\n`, 'x.csv:2: client is "hq"; expected one of hp'],
  ['a fraction', `${HEADER}hp,0,0,0.5,1\n`, 'x.csv:2: start_ns is "0.5"; expected a whole number'],
  [
    'a negative number',
    `${HEADER}hp,0,-1,0,1\n`,
    'x.csv:2: arrival_ns is "-1"; expected a whole number',
  ],
  [
    'an empty field',
    `${HEADER}hp,0,,0,1\n`,
    'x.csv:2: arrival_ns is empty; expected a whole number',
  ],
  ['a missing column', `${HEADER}hp,0,0,1\n`, 'x.csv:2: start_ns is "1"; expected a whole number'],
  [
    'a truncated row',
    `${HEADER}hp,0,0,0,1\nhp,1,2,3`,
    'x.csv:3: start_ns is "3"; expected a whole number (the file ends in the middle of a row)',
  ],
  [
    'a truncated last number',
    `${HEADER}hp,0,0,0,1\nhp,1,2,3,4`,
    'x.csv:3: end_ns is "4"; expected a whole number (the file ends in the middle of a row)',
  ],
  [
    'a gap in the numbering',
    `${HEADER}hp,1,0,0,1\n`,
    'x.csv:2: index is 1; expected 0, requests are numbered without gaps',
  ],
  [
    'times out of order',
    `${HEADER}hp,0,5,0,1\n`,
    'x.csv:2: times are not in order; expected arrival_ns <= start_ns <= end_ns',
  ],
  [
    'too few rows',
    `${HEADER}hp,0,0,0,1\n`,
    'x.csv:2: ends after 1 rows of client hp; its summary counts 2: run this system again',
  ],
  [
    'too many rows',
    `${HEADER}hp,0,0,0,1\nhp,1,1,1,2\nhp,2,2,2,3\n`,
    'x.csv:4: more rows of client hp than its summary counts; run this system again',
  ],
])('%s is refused with file and line', (_, text, message) => {
  expect(() => parse(text, { hp: 2 })).toThrow(new Error(message));
});

test('reads what a general CSV reader reads', () => {
  const row = fc.tuple(fc.constantFrom('hp', 'be'), fc.nat(1e9), fc.nat(1e9), fc.nat(1e9));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 50 }), (rows) => {
      const counts: Record<string, number> = { hp: 0, be: 0 };
      let end = 0;
      const lines = rows.map(([client, arrival, wait, service]) => {
        const start = Math.max(end, arrival + wait);
        end = start + service;
        const index = counts[client] ?? 0;
        counts[client] = index + 1;
        return [client, index, arrival, start, end].join(',');
      });
      const text = HEADER + lines.map((line) => `${line}\n`).join('');
      const records = parse(text, counts);
      const general = Papa.parse<Record<string, string>>(text, {
        header: true,
        skipEmptyLines: true,
      }).data;
      for (const client of ['hp', 'be']) {
        const expected = general
          .filter((r) => r['client'] === client)
          .map((r) => Number(r['end_ns']) - Number(r['arrival_ns']));
        expect([...(records.get(client)?.response ?? [])]).toEqual(expected);
      }
    }),
  );
});
