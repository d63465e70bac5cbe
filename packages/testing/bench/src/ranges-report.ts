/** The figures of the suite `ranges` as a page for people. */
import { columns, count, mb, ms, percent, verdictText } from './report.ts'
import type { ReshapeFigures } from './reshape-suite.ts'
import type { RangesResults } from './run-ranges-bench.ts'

export function rangesReport({ machine, version, reshape, idle, spread }: RangesResults): string {
  const row = (figures: ReshapeFigures): string[] => [
    `${count(figures.keys)} keys`,
    ms(figures.splitMs),
    ms(figures.splitPutMs),
    ms(figures.mergeMs),
    ms(figures.mergePutMs),
  ]
  return [
    '',
    `base-kv ${version}; ${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, ${machine.fileSystem}, fsync ${ms(machine.fsyncMs)} ms`,
    '',
    ...columns([
      ['a range of', 'split ms', 'longest put', 'merge ms', 'longest put'],
      row(reshape.large),
      row(reshape.small),
    ]),
    ...reshape.verdicts.map(verdictText),
    '',
    `${count(idle.ranges)} idle ranges on three nodes: started in ${(idle.startMs / 1_000).toFixed(1)} s; all described in ${ms(idle.describeMs)} ms, ` +
      `first put of a new client ${ms(idle.firstPutMs)} ms`,
    ...columns([
      ['', 'of a core', 'RSS'],
      ...idle.rows.map(({ node, cpuShare, rssBytes }) => [node, percent(cpuShare), mb(rssBytes)]),
    ]),
    verdictText(idle.verdict),
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
    '',
  ].join('\n')
}
