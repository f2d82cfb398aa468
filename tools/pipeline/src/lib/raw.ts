/**
 * The core's records of one plan: raw/<system>/<plan id>.csv and its summary .json.
 *
 * The CSV is `client,index,arrival_ns,start_ns,end_ns` with whole numbers, about a million rows a figure.
 * It is read byte by byte: this is five times as fast as a general CSV reader, and an error names the line.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { UserError } from './errors.ts';
import { isNotFound, readJson } from './files.ts';
import { describeIssues } from './schema-issues.ts';

export const HEADER = 'client,index,arrival_ns,start_ns,end_ns';

/**
 * One client's requests: response from scheduled arrival, service from first dispatch, to completion; wait to first
 * dispatch, from when the request has arrived and the one before is complete; ns.
 */
export interface ClientRecords {
  response: Float64Array;
  service: Float64Array;
  wait: Float64Array;
}

const gpuSchema = z.looseObject({ name: z.string().min(1) });

/** Of calls that were timed, ns; null where none was. */
const quartile = z.number().min(0);
const costSchema = z.object({ p25: quartile, p50: quartile, p75: quartile }).nullish();

const summarySchema = z.object({
  version: z.literal(1),
  plan: z.string(),
  system: z.string(),
  gpu: z.string(),
  lane: z.string(),
  label: z.string(),
  seed: z.int(),
  duration_ns: z.number().gt(0),
  input_digest: z.string(),
  /** Real GPUs: where the plan ran. */
  machine: z
    .looseObject({
      gpu: gpuSchema,
      host: z.unknown().optional(),
      software: z.record(z.string(), z.unknown()).optional(),
      /** When the plan ended, in UTC. */
      measured_at: z.iso.datetime().optional(),
    })
    .optional(),
  /** Means over the measured window, by GPU: plans that asked for it. */
  utilization: z
    .array(
      z.object({
        sm_busy: z.number(),
        occupancy: z.number(),
        compute: z.number(),
        dram: z.number(),
      }),
    )
    .optional(),
  /** Digest of <plan id>.utilization.csv, where a real GPU counted. */
  utilization_sha256: z.string().optional(),
  /** Likewise, of device memory on the simulated GPU. */
  memory: z
    .array(
      z.object({
        peaks_bytes: z.number(),
        live_mean_bytes: z.number(),
        live_max_bytes: z.number(),
        held_max_bytes: z.number(),
        over_budget_ns: z.number(),
      }),
    )
    .optional(),
  /** Real GPUs: what ops cost each launching process. Simulated ones count other things. */
  counters: z
    .object({
      hosts: z
        .array(
          z.object({
            clients: z.array(z.string()),
            launch_ns: costSchema,
            mark_ns: costSchema,
            query_ns: costSchema,
          }),
        )
        .optional(),
    })
    .optional(),
  clients: z.array(
    z.object({
      name: z.string(),
      requests: z.int().min(0),
      iterations_in_window: z.number().min(0),
      /** The client's own measured time, where it ends before the run does. */
      window_ns: z.number().gt(0).optional(),
    }),
  ),
});

/** What the pipeline reads of a summary; other fields are the core's. */
export type Summary = z.infer<typeof summarySchema>;

const unavailableSchema = z.object({
  plan: z.string(),
  system: z.string(),
  unavailable: z.string().min(1),
  /** The system cannot serve the plan, on any machine. */
  refused: z.boolean().optional(),
});

/** A plan that its machine cannot run, or its system cannot serve, with the reason in place of records. */
export type Unavailable = z.infer<typeof unavailableSchema>;

/** Path of a plan's records without the extension. */
export function rawPath(out: string, system: string, plan: string): string {
  return join(out, 'raw', system, plan);
}

/** Reads a plan's summary, or why there is none. */
export function readSummary(path: string): Summary | Unavailable {
  const input = readJson(path, 'run this system again');
  return parseSummary(input, path, 'delete it and run this system again');
}

/** Checks a summary; `advice` says what to do about a bad one. */
export function parseSummary(input: unknown, where: string, advice: string): Summary | Unavailable {
  const isUnavailable = typeof input === 'object' && input !== null && 'unavailable' in input;
  const parsed = (isUnavailable ? unavailableSchema : summarySchema).safeParse(input);
  if (parsed.success) return parsed.data;
  const problem = describeIssues(parsed.error.issues, input, {})[0] ?? 'not a summary of the core';
  throw new UserError(`${where}: ${problem}; ${advice}`);
}

/** Reads the records of the clients that `summary` lists. Throws UserError with file:line. */
export function readRecords(path: string, summary: Summary): Map<string, ClientRecords> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (isNotFound(error)) throw new UserError(`${path}: no such file; run this system again`);
    throw error;
  }
  return parseRecords(bytes, path, summary);
}

interface Column {
  name: Buffer;
  response: Float64Array;
  service: Float64Array;
  wait: Float64Array;
  count: number;
  lastEnd: number;
}

/** Parses the bytes of a records file; `path` is for messages. */
export function parseRecords(
  bytes: Buffer,
  path: string,
  summary: Summary,
): Map<string, ClientRecords> {
  const columns = summary.clients.map<Column>((client) => ({
    name: Buffer.from(client.name),
    response: new Float64Array(client.requests),
    service: new Float64Array(client.requests),
    wait: new Float64Array(client.requests),
    count: 0,
    lastEnd: 0,
  }));
  const known = summary.clients.map((client) => client.name).join(', ');
  let line = 1;
  let position = 0;
  const fail = (reason: string): never => {
    throw new UserError(`${path}:${String(line)}: ${reason}`);
  };
  const restOfLine = (): string => {
    const end = bytes.indexOf(10, position);
    return bytes.toString('utf8', position, end < 0 ? undefined : end);
  };
  const number = (column: string, terminator: number): number => {
    let value = 0;
    const start = position;
    for (;;) {
      const byte = bytes[position];
      if (byte === terminator) break;
      if (byte === undefined || byte < 48 || byte > 57) {
        position = start;
        const found = restOfLine().split(',')[0] ?? '';
        return fail(`${column} is "${found}"; expected a whole number${truncated()}`);
      }
      value = value * 10 + (byte - 48);
      position++;
    }
    if (position === start) fail(`${column} is empty; expected a whole number`);
    if (value > Number.MAX_SAFE_INTEGER) fail(`${column} is larger than 2^53 ns`);
    position++;
    return value;
  };
  const truncated = (): string =>
    bytes.indexOf(10, position) < 0 ? ' (the file ends in the middle of a row)' : '';

  if (restOfLine() !== HEADER)
    fail(`the header is "${restOfLine().slice(0, 80)}"; expected "${HEADER}"`);
  position = HEADER.length + 1;
  while (position < bytes.length) {
    line++;
    const comma = bytes.indexOf(44, position);
    const column = columns.find(
      ({ name }) => position + name.length === comma && name.compare(bytes, position, comma) === 0,
    );
    if (column === undefined) {
      const found = restOfLine().split(',')[0] ?? '';
      return fail(`client is "${found}"; expected one of ${known}${truncated()}`);
    }
    position = comma + 1;
    const index = number('index', 44);
    const arrival = number('arrival_ns', 44);
    const start = number('start_ns', 44);
    const end = number('end_ns', 10);
    if (index !== column.count) {
      fail(
        `index is ${String(index)}; expected ${String(column.count)}, requests are numbered without gaps`,
      );
    }
    if (arrival > start || start > end) {
      fail('times are not in order; expected arrival_ns <= start_ns <= end_ns');
    }
    if (end < column.lastEnd) fail('end_ns is before the previous request of this client ended');
    if (column.count >= column.response.length) {
      fail(
        `more rows of client ${column.name.toString()} than its summary counts; run this system again`,
      );
    }
    column.wait[column.count] = start - Math.max(arrival, column.lastEnd);
    column.lastEnd = end;
    column.response[column.count] = end - arrival;
    column.service[column.count] = end - start;
    column.count++;
  }
  for (const column of columns) {
    if (column.count !== column.response.length) {
      fail(
        `ends after ${String(column.count)} rows of client ${column.name.toString()}; ` +
          `its summary counts ${String(column.response.length)}: run this system again`,
      );
    }
  }
  return new Map(
    columns.map(({ name, response, service, wait }) => [
      name.toString(),
      { response, service, wait },
    ]),
  );
}
