/** How plots look: sizes for a paper's column, thin grey grid, no frame. A Vega-Lite `config`. */

export const FONT = 'DejaVu Sans';

const INK = '#222222';
const FAINT = '#E3E3E3';

export const THEME = {
  background: '#FFFFFF',
  font: FONT,
  padding: 8,
  view: { stroke: null },
  title: {
    anchor: 'start',
    frame: 'group',
    color: INK,
    fontSize: 12,
    fontWeight: 'bold',
    offset: 12,
    subtitleColor: '#555555',
    subtitleFontSize: 9,
    subtitlePadding: 4,
  },
  axis: {
    domainColor: '#888888',
    grid: true,
    gridColor: FAINT,
    gridWidth: 0.6,
    labelColor: INK,
    labelFontSize: 9,
    labelPadding: 4,
    tickColor: '#888888',
    tickSize: 3,
    titleColor: INK,
    titleFontSize: 9.5,
    titleFontWeight: 'normal',
    titlePadding: 7,
  },
  axisX: { grid: false, labelAngle: 0 },
  axisY: { domain: false, ticks: false },
  header: {
    labelColor: INK,
    labelFontSize: 9.5,
    titleColor: INK,
    titleFontSize: 9.5,
    titleFontWeight: 'normal',
  },
  legend: {
    orient: 'top',
    direction: 'horizontal',
    title: null,
    labelColor: INK,
    labelFontSize: 9.5,
    symbolSize: 70,
    symbolOpacity: 1,
    columnPadding: 14,
    columns: 5,
    offset: 10,
  },
  concat: { spacing: 26 },
  facet: { spacing: 18 },
} as const;
