/** The figures as a page for people. */
import type { PointFigures, Results, SideFigures, Verdict } from './results.ts'

export const count = (value: number): string => Math.round(value).toLocaleString('en-US')
export const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1)
export const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

export function report(results: Results): string {
  return [
    ...heading(results),
    ...table(results.points),
    ...clientLines(results),
    ...restLines(results),
    ...memoryLines(results),
    ...snapshotLines(results),
    '',
  ].join('\n')
}

function heading({ machine, versions, fsync, load, foreignCpuShare, seconds, rounds }: Results): string[] {
  return [
    '',
    `${machine.cores} × ${machine.cpu}, ${mb(machine.memoryBytes)}, Linux ${machine.kernel}, ${machine.fileSystem}, fsync ${ms(machine.fsyncMs)} ms`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    ...Object.entries(fsync).map(([side, how]) => `fsync on, ${side === 'ours' ? 'base-kv' : side}: ${how}`),
    `${load}; medians of ${rounds} × ${seconds} s`,
    ...(foreignCpuShare === null
      ? []
      : [
          `other processes used ${percent(foreignCpuShare)} of the machine meanwhile${foreignCpuShare > 0.1 ? ': NOT an idle machine, the figures are rough' : ''}`,
        ]),
    '',
  ]
}

function table(points: readonly PointFigures[]): string[] {
  if (points.length === 0) return []
  const side = (figures: SideFigures | null): string[] =>
    figures
      ? [count(figures.perSecond), ms(figures.p50Ms), ms(figures.p99Ms), figures.leaderMicroseconds.toFixed(1)]
      : ['-', '-', '-', '-']
  const head = [
    '',
    'base-kv/s',
    'p50 ms',
    'p99 ms',
    'leader µs/op',
    'etcd/s',
    'p50 ms',
    'p99 ms',
    'leader µs/op',
    'ratio',
    'p50 ratio',
    'target',
  ]
  const rows = points.map((point) => [
    point.name,
    ...side(point.ours),
    ...side(point.etcd),
    point.throughputRatio?.toFixed(2) ?? '-',
    point.p50Ratio?.toFixed(2) ?? '-',
    verdictText(point.verdict),
  ])
  return columns([head, ...rows])
}

function clientLines({ clientPut }: Results): string[] {
  if (!clientPut) return []
  return [
    '',
    `client-put ${clientPut.inFlight}: ${count(clientPut.perSecond)} a second, p50 ${ms(clientPut.p50Ms)} ms, p99 ${ms(clientPut.p99Ms)} ms; ` +
      `the client used ${percent(clientPut.clientCpuShare)} of a core (${clientPut.clientMicroseconds.toFixed(1)} µs a put), ` +
      `the leader ${clientPut.leaderMicroseconds.toFixed(1)} µs a put; ${verdictText(clientPut.verdict)}`,
  ]
}

function restLines({ rest }: Results): string[] {
  if (!rest) return []
  const rows = rest.rows.map((row) => [row.node, percent(row.cpuShare), mb(row.rssBytes)])
  return ['', ...columns([['at rest', 'of a core', 'RSS'], ...rows]), verdictText(rest.verdict)]
}

function memoryLines({ memory, memoryUnderLoad }: Results): string[] {
  const lines: string[] = []
  if (memoryUnderLoad) {
    lines.push(
      '',
      `under load the largest node of base-kv had ${mb(memoryUnderLoad.peakRssBytes)} ` +
        `(at most ${mb(memoryUnderLoad.peakAnonymousBytes)} of its own, the rest mapped files); ${verdictText(memoryUnderLoad.verdict)}`,
    )
  }
  if (memory) {
    const rows = memory.nodes.map((node) => [
      node.node,
      mb(node.startBytes),
      mb(node.endBytes),
      mb(node.peakBytes),
      `${(node.bytesPerMinute / 1e6).toFixed(1)} MB/min`,
      `${(node.anonymousBytesPerMinute / 1e6).toFixed(1)} MB/min`,
      node.minutePeaks.map((bytes) => Math.round(bytes / 1e6)).join(' '),
    ])
    lines.push(
      '',
      ...columns([
        [
          `memory, ${memory.seconds} s of load`,
          'before',
          'after',
          'peak',
          'second half',
          'own of it',
          'peaks a minute',
        ],
        ...rows,
      ]),
      verdictText(memory.verdict),
    )
  }
  return lines
}

function snapshotLines({ snapshot }: Results): string[] {
  if (!snapshot) return []
  const rate = (bytesPerSecond: number): string => `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`
  const { bytes, pullSeconds, pullBytesPerSecond, loadedPullBytesPerSecond, putsBefore, putsMeanwhile } = snapshot
  return [
    '',
    `snapshot: ${mb(bytes)} pulled in ${pullSeconds.toFixed(1)} s (${rate(pullBytesPerSecond)}) without load; ` +
      `${rate(loadedPullBytesPerSecond)} under load, ${count(putsBefore)} puts/s before and ${count(putsMeanwhile)} meanwhile ` +
      `(${percent(1 - putsMeanwhile / putsBefore)} less); ` +
      `${count(snapshot.missedWrites)} missed writes caught up in ${snapshot.catchUpSeconds.toFixed(1)} s under load`,
    ...snapshot.verdicts.map(verdictText),
  ]
}

export function verdictText(verdict: Verdict | null): string {
  return verdict === null ? '' : `target ${verdict.target}: ${verdict.reached ? 'reached' : 'MISSED'}`
}

/** First and last column to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 || at === 11 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
