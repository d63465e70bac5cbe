import { availableParallelism, cpus } from 'node:os'

/** How busy the machine's cores were between two looks. */
export interface MachineLoad {
  /** 0 to 1 of all cores, since the look before. */
  busy(): number
}

export function watchMachine(): MachineLoad {
  let before = times()
  return {
    busy() {
      const now = times()
      const total = now.total - before.total
      const idle = now.idle - before.idle
      before = now
      return total <= 0 ? 0 : 1 - idle / total
    },
  }
}

export const cores = availableParallelism

function times(): { total: number; idle: number } {
  let total = 0
  let idle = 0
  for (const { times } of cpus()) {
    total += times.user + times.nice + times.sys + times.irq + times.idle
    idle += times.idle
  }
  return { total, idle }
}
