/** Names of hosts to addresses, remembered for a while: a datagram to a name must not cost a question each time. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

const FRESH_MS = 30_000
const FAILED_MS = 2_000
const NAMES_MAX = 4_096

export interface Resolved {
  readonly ip: string
  readonly port: number
}

/** `host:port`, IPv6 hosts in brackets. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }
}

const joinAddress = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

export class HostNames {
  readonly #known = new Map<string, { readonly ips: readonly string[]; readonly untilMs: number }>()
  readonly #asking = new Set<string>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** What is known by now; asks in the background when that is nothing or old. */
  now(address: string): Resolved | undefined {
    const { host, port } = splitAddress(address)
    if (isIP(host)) return { ip: host, port }
    const known = this.#known.get(host)
    if (!known || known.untilMs < this.#nowMs()) void this.#ask(host)
    const ip = known?.ips[0]
    return ip === undefined ? undefined : { ip, port }
  }

  /** All addresses behind one, asked for anew; none when the name cannot be resolved now. */
  async all(address: string): Promise<string[]> {
    const { host, port } = splitAddress(address)
    if (isIP(host)) return [address]
    return (await this.#ask(host)).map((ip) => joinAddress(ip, port))
  }

  async #ask(host: string): Promise<readonly string[]> {
    const known = this.#known.get(host)
    if (this.#asking.has(host)) return known?.ips ?? []
    this.#asking.add(host)
    try {
      const ips = (await lookup(host, { all: true })).map(({ address }) => address)
      if (this.#known.size >= NAMES_MAX) this.#known.clear()
      this.#known.set(host, { ips, untilMs: this.#nowMs() + FRESH_MS })
      return ips
    } catch {
      // What was known may still be right; a name that never resolved is asked for again soon.
      this.#known.set(host, { ips: known?.ips ?? [], untilMs: this.#nowMs() + FAILED_MS })
      return []
    } finally {
      this.#asking.delete(host)
    }
  }
}
