// The plots of the report, as SVG by echarts.

import * as echarts from 'echarts';

const FONT = 'system-ui, sans-serif';
const OURS = '#b7410e';
const OTHERS = '#8a94a0';
const GRID = '#e3e6e9';

function draw(height, option) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 760, height });
  chart.setOption({ animation: false, backgroundColor: '#ffffff', textStyle: { fontFamily: FONT }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

const title = (text, subtext) => ({ text, subtext, left: 16, top: 8, textStyle: { fontSize: 16 } });

/** Bars on a logarithmic scale: `bars` are {name, value, ours}, the cheapest first. */
export function costs(text, subtext, bars) {
  const rows = [...bars].reverse();
  return draw(90 + 40 * rows.length, {
    title: title(text, subtext),
    grid: { left: 310, right: 60, top: 70, bottom: 24 },
    xAxis: {
      type: 'log',
      min: 1,
      axisLabel: { color: '#5a636d' },
      splitLine: { lineStyle: { color: GRID } },
    },
    yAxis: {
      type: 'category',
      data: rows.map(({ name }) => name),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { fontSize: 13, color: '#1f2328' },
    },
    series: {
      type: 'bar',
      barWidth: 22,
      data: rows.map(({ value, ours }) => ({ value, itemStyle: { color: ours ? OURS : OTHERS } })),
      label: {
        show: true,
        position: 'right',
        fontSize: 13,
        color: '#1f2328',
        formatter: ({ value }) => (value < 100 ? value.toFixed(1) : String(Math.round(value))),
      },
    },
  });
}

/** Lines over the number of sessions: `lines` are points [count, value] by name. */
export function growth(text, subtext, lines) {
  const all = Object.values(lines);
  const most = Math.max(...all.flat().map(([, value]) => value));
  return draw(320, {
    title: title(text, subtext),
    legend: { right: 16, top: 14 },
    grid: { left: 64, right: 64, top: 76, bottom: 40 },
    xAxis: {
      type: 'log',
      min: all[0][0][0],
      max: all[0].at(-1)[0],
      axisLabel: { color: '#5a636d', formatter: (count) => count.toLocaleString('en-GB') },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      max: Math.ceil((most * 1.2) / 50) * 50,
      axisLabel: { color: '#5a636d' },
      splitLine: { lineStyle: { color: GRID } },
    },
    series: Object.entries(lines).map(([name, data], at) => ({
      name,
      type: 'line',
      data,
      symbolSize: 9,
      color: [OURS, OTHERS][at],
      lineStyle: { width: 2.5 },
      label: { show: true, position: 'top', offset: [22, 0], color: '#1f2328', formatter: ({ value }) => String(Math.round(value[1])) },
    })),
  });
}
