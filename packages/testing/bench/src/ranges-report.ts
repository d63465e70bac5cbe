/** The figures of the suite `ranges` as a page for people. */
import { columns, count, mb, ms, percent, verdictText } from './report.ts'
import type { ReshapeFigures } from './reshape-suite.ts'
import type { RangesResults } from './run-ranges-bench.ts'

export function rangesReport({ machine, reshape, idle, spread }: RangesResults): string {
  return [
    '',
    `${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, ${machine.fileSystem}, fsync ${ms(machine.fsyncMs)} ms`,
    ...reshapeLines(reshape),
    ...idleLines(idle),
    ...spreadLines(spread),
    '',
  ].join('\n')
}

function reshapeLines(reshape: RangesResults['reshape']): string[] {
  if (!reshape) return []
  const row = (figures: ReshapeFigures): string[] => [
    `${count(figures.keys)} keys`,
    ms(figures.splitMs),
    ms(figures.splitPutMs),
    ms(figures.mergeMs),
    ms(figures.mergePutMs),
  ]
  const head = ['a range of', 'split ms', 'longest put', 'merge ms', 'longest put']
  return ['', ...columns([head, row(reshape.large), row(reshape.small)]), ...reshape.verdicts.map(verdictText)]
}

function idleLines(idle: RangesResults['idle']): string[] {
  if (!idle) return []
  return [
    '',
    `${count(idle.ranges)} idle ranges on three nodes: started in ${(idle.startMs / 1_000).toFixed(1)} s; all described in ` +
      `${ms(idle.describeMs)} ms, first put of a new client ${ms(idle.firstPutMs)} ms`,
    ...columns([
      ['', 'of a core', 'RSS'],
      ...idle.rows.map(({ node, cpuShare, rssBytes }) => [node, percent(cpuShare), mb(rssBytes)]),
    ]),
    verdictText(idle.verdict),
  ]
}

function spreadLines(spread: RangesResults['spread']): string[] {
  if (!spread) return []
  return [
    '',
    ...columns([
      ['puts through the client', 'one range/s', `${spread[0]?.ranges ?? 0} ranges/s`, 'ratio', 'target'],
      ...spread.map((each) => [
        `${each.inFlight} in flight`,
        count(each.onePerSecond),
        count(each.manyPerSecond),
        each.ratio.toFixed(2),
        verdictText(each.verdict),
      ]),
    ]),
  ]
}
