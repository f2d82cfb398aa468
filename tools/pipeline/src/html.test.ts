/** The interactive page in a real browser, offline. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { testWorkspace, type TestWorkspace } from './lib/workspace-for-test.ts';
import { gather } from './gather.ts';
import { plot } from './plot.ts';
import { prep } from './prep.ts';
import { run } from './run.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

let browser: Browser;
let workspace: TestWorkspace;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`${CHROMIUM} is missing; run: sudo apt-get install chromium (or set CHROMIUM)`);
  }
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  workspace = testWorkspace();
  prep(workspace.args, workspace.native);
  for (const system of ['ideal', 'deep']) {
    await run(
      { ...workspace.args, system },
      { core: workspace.core, jobs: 1, native: workspace.native },
    );
  }
  gather(workspace.args);
  await plot(workspace.args);
}, 60_000);

afterAll(async () => {
  await browser.close();
  workspace.remove();
});

test('the page draws without a network, and shows numbers where the pointer is', async () => {
  const context = await browser.newContext({ offline: true });
  const page = await context.newPage();
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  const url = pathToFileURL(join(workspace.args.out, 'small.html')).href;
  await page.goto(url);
  await page.waitForSelector('body[data-ready="true"]', { timeout: 20_000 });

  const bars = page.locator('#plot .mark-rect path[aria-roledescription="bar"]');
  expect(await bars.count()).toBe(6);
  expect(await page.locator('#plot svg.marks').textContent()).toContain(
    'lane: sim (simulated GPU)',
  );
  await bars.last().hover();
  const tooltip = page.locator('#vg-tooltip-element.visible');
  await tooltip.waitFor();
  expect(await tooltip.textContent()).toContain('REEF, 12 deep');
  expect(requests).toEqual([url]);
  expect(errors).toEqual([]);
  await context.close();
}, 60_000);
