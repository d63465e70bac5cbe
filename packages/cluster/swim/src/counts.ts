/** What happened, for metrics and tests. Only ever grows. */
export class SwimCounts {
  /** Packets of another cluster: other name, or other epoch. */
  foreign = 0
  /** Packets of a version that this build does not speak. */
  otherVersion = 0
  malformed = 0
  /** News about this process that only itself could have made. */
  bogus = 0
  /** Times this process objected to being suspected or dead. */
  refutations = 0
  probes = 0
  probesFailed = 0
  /** Members that answered the reliable probe only: UDP is lost on the way. */
  fallbackOnly = 0
  /** Gaps without a tick: the process stood still. */
  pauses = 0
  /** Members not taken in because the table is full. */
  tableFull = 0
  syncsRefused = 0
}
