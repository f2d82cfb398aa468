/** An interactive page of one plot that needs no network: libraries and data are inside. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Spec } from './decorate.ts';
import { packageFolder } from './packages.ts';

const LIBRARIES = ['vega', 'vega-lite', 'vega-embed'] as const;

/** The page. `svg` is shown where scripts do not run. */
export function toHtml(title: string, spec: Spec, svg: string): string {
  const scripts = LIBRARIES.map((name) => {
    const source = readFileSync(join(packageFolder(name), 'build', `${name}.min.js`), 'utf8');
    return `<script>${source.replace(/\/\/# sourceMappingURL=.*$/m, '').replaceAll('</script', '<\\/script')}</script>`;
  });
  const options = {
    actions: { source: false, editor: false },
    renderer: 'svg',
    tooltip: { theme: 'light' },
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { margin: 2rem auto; width: max-content; max-width: 96vw; overflow-x: auto; font-family: "DejaVu Sans", Verdana, sans-serif; color: #222; }
.hint { font-size: 0.75rem; color: #666; }
</style>
</head>
<body>
<div id="plot"></div>
<noscript>${svg}</noscript>
<p class="hint">Point at a mark for its numbers and interval; click a system in the legend to single it out.</p>
${scripts.join('\n')}
<script type="application/json" id="spec">${inScript(JSON.stringify(spec))}</script>
<script>
const spec = JSON.parse(document.getElementById('spec').textContent);
vegaEmbed('#plot', spec, ${inScript(JSON.stringify(options))}).then(
  () => { document.body.dataset.ready = 'true'; },
  (error) => { document.getElementById('plot').textContent = String(error); });
</script>
</body>
</html>
`;
}

/** JSON inside a script element: no "<" can end it. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
