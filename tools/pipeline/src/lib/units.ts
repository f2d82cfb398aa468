/** Between the core's units, nanoseconds and bytes, and those of results. */

export const NS_PER_S = 1e9;
export const NS_PER_MS = 1e6;
export const BYTES_PER_GIB = 2 ** 30;
