/**
 * The language of the scripts in testdata: a cluster of shells, a network whose messages wait to be delivered, and a
 * clock that only moves when told. `cluster` comes first; README.md beside the scripts lists the commands.
 */
import { assert, type LogIndex, type Term } from '@base-kv/base'
import {
  type Config,
  defaultRaftOptions,
  emptyConfig,
  encodeConfig,
  type Entry,
  EntryType,
  initialConfig,
  type Message,
  MessageType,
  type RaftOptions,
} from '@base-kv/raft'
import type { ScriptCommand } from '@base-kv/test-kit'
import { Shell } from './shell.ts'
import { configText, memberFrom, memberText, messageText, numberOf, store, typeName } from './words.ts'

const TICK_MS = 50
const ROUNDS_MAX = 2000

type Numbers = readonly number[]

export class Cluster {
  private readonly nodes = new Map<number, Shell>()
  private options: RaftOptions = defaultRaftOptions
  private queue: Message[] = []
  /** Directed cuts, `a>b`. */
  private readonly cuts = new Set<string>()
  private nowMs = 0
  private tracing = false
  private out: string[] = []

  run(command: ScriptCommand): readonly string[] {
    this.out = []
    const method = this.commands[command.name]
    assert(method, `unknown command ${command.name}`)
    method(command)
    return this.out
  }

  private readonly commands: Readonly<Record<string, (command: ScriptCommand) => void>> = {
    cluster: ({ options }) => this.start(options),
    node: ({ words, options }) => this.prepare(numberIn(words, 0), options),
    trace: ({ words }) => {
      this.tracing = words[0] === 'on'
    },
    tick: ({ words }) => {
      for (const number of words.map(Number)) this.node(number).machine.tick(this.nowMs)
    },
    pass: ({ words, options }) => this.pass(numberIn(words, 0), numbers(options['nodes'])),
    // Time goes by and nobody notices: a pause of the process.
    jump: ({ words }) => {
      this.nowMs += numberIn(words, 0)
    },
    settle: () => this.settle(),
    turn: ({ words }) => {
      for (const number of words.map(Number)) this.node(number).turn(this.nowMs)
    },
    deliver: (command) => this.deliver(command),
    drop: (command) => {
      const { taken, rest } = this.select(command)
      this.queue = rest
      this.print(`dropped ${taken.length}`)
    },
    queue: () => {
      for (const message of this.queue) this.print(messageText(message))
    },
    cut: ({ words, options }) => this.cut(words.flatMap(numbers), numbers(options['from']), true),
    heal: ({ words, options }) => this.cut(words.flatMap(numbers), numbers(options['from']), false),
    propose: ({ words, options }) => {
      const node = this.node(numberIn(words, 0))
      const word = words[1] ?? 'x'
      const data = options['bytes'] ? new Uint8Array(Number(options['bytes'])) : new TextEncoder().encode(word)
      for (let i = 0; i < Number(options['count'] ?? 1); i++) {
        const result = node.machine.propose(this.nowMs, data)
        if (!result.ok) node.say(`refuses: ${result.reason}`)
      }
    },
    read: ({ words }) => {
      const node = this.node(numberIn(words, 0))
      const result = node.machine.readIndex(this.nowMs)
      node.say(result.ok ? `takes read ${result.request}` : `refuses: ${result.reason}`)
    },
    lease: ({ words }) => {
      const node = this.node(numberIn(words, 0))
      node.say(`lease read at ${node.machine.leaseReadIndex(this.nowMs) ?? 'none'}`)
    },
    change: ({ words, options }) => {
      const node = this.node(numberIn(words, 0))
      const result = node.machine.changeMembers(this.nowMs, {
        voters: numbers(options['voters']).map(store),
        learners: numbers(options['learners']).map(store),
      })
      if (!result.ok) node.say(`refuses: ${result.reason}`)
    },
    transfer: ({ words, options }) => {
      const node = this.node(numberIn(words, 0))
      const result = node.machine.transferLeader(this.nowMs, store(Number(options['to'])))
      if (!result.ok) node.say(`refuses: ${result.reason}`)
    },
    campaign: ({ words }) => this.node(numberIn(words, 0)).machine.campaign(this.nowMs),
    stepdown: ({ words }) => this.node(numberIn(words, 0)).machine.stepDown(this.nowMs),
    wake: ({ words }) => this.node(numberIn(words, 0)).machine.wake(this.nowMs),
    unreachable: ({ words }) => this.node(numberIn(words, 0)).machine.peerUnreachable(store(numberIn(words, 1))),
    disk: ({ words, options }) => this.disk(numberIn(words, 0), words[1] ?? '', options),
    compact: ({ words }) => {
      const { index, term, config } = this.node(numberIn(words, 0)).compact(numberIn(words, 1))
      this.print(`cut at ${index}/${term} ${configText(config)}`)
    },
    snapshot: ({ words, options }) => this.snapshot(numberIn(words, 0), words[1] ?? '', options),
    crash: ({ words }) => this.crash(numberIn(words, 0)),
    restart: ({ words }) => this.restart(numberIn(words, 0)),
    join: ({ words }) => this.join(words[0] ?? ''),
    inject: ({ words, options }) => this.inject(words[0] ?? '', options),
    log: ({ words }) => {
      for (const number of words.map(Number)) {
        const { log, durable } = this.node(number)
        const base = `${log.snapshot.index}/${log.snapshot.term}`
        const tail = durable.log.last < log.last ? ` (durable to ${durable.log.last})` : ''
        this.print(`${number}: ${base} | ${log.list.map((entry) => `${entry.index}/${entry.term}`).join(' ')}${tail}`)
      }
    },
    status: ({ words }) => {
      const all = words.length > 0 ? words.map(Number) : [...this.nodes.keys()]
      for (const number of all) this.status(number)
    },
    progress: ({ words }) => {
      for (const peer of this.node(numberIn(words, 0)).machine.status(this.nowMs).progress) {
        const window = peer.inflight > 0 ? ` inflight=${peer.inflight}` : ''
        const role = peer.voter ? '' : ' learner'
        this.print(`${memberText(peer.member)}${role} ${peer.state} match=${peer.match} next=${peer.next}${window}`)
      }
    },
    reads: ({ words }) => {
      const { log } = this.node(numberIn(words, 0))
      this.print(`${log.reads} reads of the log on disk`)
      log.reads = 0
    },
  }

  private start(options: Readonly<Record<string, string>>): void {
    this.options = {
      ...defaultRaftOptions,
      lease: options['lease'] === 'on',
      hibernate: options['hibernate'] === 'on',
      inflightAppendsMax: Number(options['window'] ?? defaultRaftOptions.inflightAppendsMax),
      inflightBytesMax: Number(options['windowBytes'] ?? defaultRaftOptions.inflightBytesMax),
      appendBytesMax: Number(options['appendBytes'] ?? defaultRaftOptions.appendBytesMax),
      uncommittedBytesMax: Number(options['uncommittedBytes'] ?? defaultRaftOptions.uncommittedBytesMax),
      applyBytesMax: Number(options['applyBytes'] ?? defaultRaftOptions.applyBytesMax),
      cacheBytesMax: Number(options['cacheBytes'] ?? defaultRaftOptions.cacheBytesMax),
    }
    this.nodes.clear()
    this.queue = []
    this.cuts.clear()
    this.nowMs = 0
    const learners = numbers(options['learners']).map((number) => memberFrom(String(number)))
    const config = { ...initialConfig(numbers(options['voters']).map(store)), learners }
    for (const member of [...config.voters, ...learners]) {
      this.add(memberText(member), Shell.durable(config, { index: 1, term: 1 }))
    }
  }

  /** A node that did something before the script begins. */
  private prepare(number: number, options: Readonly<Record<string, string>>): void {
    const durable = Shell.durable(this.node(number).durable.log.snapshot.config, { index: 1, term: 1 })
    const terms = numbers(options['terms'])
    const configAt = new Map<number, Config>()
    for (const text of options['configs']?.split(';') ?? []) {
      const [index, config] = text.split(':')
      configAt.set(Number(index), configFrom(config ?? ''))
    }
    durable.log.append(
      terms.map((term, i): Entry => {
        const config = configAt.get(i + 2)
        const data = config ? encodeConfig(config) : new TextEncoder().encode(`e${i + 2}`)
        const type = config ? EntryType.config : EntryType.command
        return { index: (i + 2) as LogIndex, term: term as Term, type, data }
      }),
    )
    durable.hardState = {
      term: Number(options['term'] ?? terms.at(-1) ?? 1) as Term,
      vote: options['vote'] ? memberFrom(options['vote']) : null,
      commit: Number(options['commit'] ?? 1) as LogIndex,
    }
    this.add(String(number), durable)
  }

  private add(member: string, durable: Shell['durable']): void {
    const self = memberFrom(member)
    const number = numberOf(self.store)
    // Every draw of store n is n x 40 ms above the minimum: who stands first is then plain to see.
    const random = { below: (bound: number) => (number * 40) % bound }
    const doors = { options: this.options, random, send: (m: Message) => this.send(m), print: this.print }
    this.nodes.set(number, new Shell(self, durable, doors, this.nowMs))
  }

  private node(number: number): Shell {
    const node = this.nodes.get(number)
    assert(node, `no node ${number}`)
    return node
  }

  private readonly print = (line: string): void => {
    this.out.push(line)
  }

  private send(message: Message): void {
    if (this.tracing) this.print(messageText(message))
    this.queue.push(message)
  }

  private isCut({ from, to }: Message): boolean {
    return this.cuts.has(`${numberOf(from.store)}>${numberOf(to.store)}`) || !this.nodes.has(numberOf(to.store))
  }

  private arrive(message: Message): void {
    if (this.isCut(message)) return
    this.node(numberOf(message.to.store)).machine.step(this.nowMs, message)
  }

  /** Delivers and takes turns until nothing moves; time stands still. */
  private settle(): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let moved = false
      for (const node of this.nodes.values()) moved = node.turn(this.nowMs) || moved
      const messages = this.queue
      this.queue = []
      for (const message of messages) this.arrive(message)
      if (!moved && messages.length === 0) return
    }
    assert(false, 'the cluster does not come to rest')
  }

  private pass(ms: number, only: Numbers): void {
    for (const end = this.nowMs + ms; this.nowMs < end;) {
      this.nowMs = Math.min(end, this.nowMs + TICK_MS)
      for (const [number, { machine }] of this.nodes) {
        if (only.length === 0 || only.includes(number)) machine.tick(this.nowMs)
      }
      this.settle()
    }
  }

  private select({ words, options }: ScriptCommand): { taken: Message[]; rest: Message[] } {
    const taken: Message[] = []
    const rest: Message[] = []
    const from = numbers(options['from'])
    const to = numbers(options['to'])
    const max = Number(options['count'] ?? Number.POSITIVE_INFINITY)
    for (const message of this.queue) {
      const fits =
        (words.length === 0 || words.includes(typeName(message))) &&
        (from.length === 0 || from.includes(numberOf(message.from.store))) &&
        (to.length === 0 || to.includes(numberOf(message.to.store)))
      if (fits && taken.length < max) taken.push(message)
      else rest.push(message)
    }
    if (options['order'] === 'reverse') taken.reverse()
    return { taken, rest }
  }

  private deliver(command: ScriptCommand): void {
    const { taken, rest } = this.select(command)
    this.queue = rest
    if (command.options['keep'] === 'yes') this.queue.push(...taken)
    if (taken.length === 0) this.print('nothing to deliver')
    for (const message of taken) this.arrive(message)
  }

  /** Both ways between the nodes and everybody else; with `from` only what those send them. */
  private cut(targets: Numbers, from: Numbers, add: boolean): void {
    if (!add && targets.length === 0) this.cuts.clear()
    for (const a of targets) {
      for (const b of this.nodes.keys()) {
        if (targets.includes(b) || (from.length > 0 && !from.includes(b))) continue
        const pairs = from.length > 0 ? [`${b}>${a}`] : [`${a}>${b}`, `${b}>${a}`]
        for (const pair of pairs) {
          if (add) this.cuts.add(pair)
          else this.cuts.delete(pair)
        }
      }
    }
  }

  private disk(number: number, what: string, options: Readonly<Record<string, string>>): void {
    const node = this.node(number)
    if (what === 'hold') node.held = true
    else if (what === 'persist') node.persist(this.nowMs, Number(options['count'] ?? node.writesInFlight))
    else if (what === 'release') {
      node.held = false
      node.persist(this.nowMs)
    } else if (what === 'busy') node.machine.diskBusySince(this.nowMs)
    else if (what === 'idle') node.machine.diskBusySince(null)
    else if (what === 'applies') node.appliesHeld = options['hold'] === 'yes'
    else assert(false, `disk ${what}`)
    if (what === 'applies' && !node.appliesHeld) node.apply()
  }

  private snapshot(number: number, what: string, options: Readonly<Record<string, string>>): void {
    const node = this.node(number)
    assert(node.pull, `node ${number} pulls nothing`)
    if (what === 'fail') return node.failPull(this.nowMs)
    const source = this.node(Number(options['of'] ?? numberOf(node.pull.from.store)))
    node.install(this.nowMs, source.log.snapshot)
  }

  private crash(number: number): void {
    this.nodes.get(number)?.turn(this.nowMs)
    this.crashed.set(number, this.node(number))
    this.nodes.delete(number)
  }

  private readonly crashed = new Map<number, Shell>()

  private restart(number: number): void {
    const before = this.crashed.get(number) ?? this.node(number)
    this.crashed.delete(number)
    this.add(memberText(before.self), before.durable)
    this.queue = this.queue.filter((message) => numberOf(message.from.store) !== number)
  }

  /** A replica that knows nothing yet. */
  private join(member: string): void {
    this.add(member, Shell.durable(emptyConfig, { index: 0, term: 0 }))
  }

  private inject(type: string, options: Readonly<Record<string, string>>): void {
    const code = Object.entries(MessageType).find(([name]) => name === type)?.[1]
    assert(code, `no message ${type}`)
    const position = (key: string): [number, number] => {
      const [index, term] = (options[key] ?? '0/0').split('/')
      return [Number(index), Number(term ?? 0)]
    }
    const [index, logTerm] = position('at')
    const [hintIndex, hintTerm] = position('hint')
    const entries = numbers(options['terms']).map((term, i): Entry => {
      const data = new TextEncoder().encode(`e${index + 1 + i}`)
      return { index: (index + 1 + i) as LogIndex, term: term as Term, type: EntryType.command, data }
    })
    const snapshot = options['snapshot'] ? position('snapshot') : null
    const message: Message = {
      type: code,
      from: memberFrom(options['from'] ?? ''),
      to: memberFrom(options['to'] ?? ''),
      term: Number(options['term']) as Term,
      index: index as LogIndex,
      logTerm: logTerm as Term,
      commit: Number(options['commit'] ?? 0) as LogIndex,
      entries,
      reject: options['reject'] === 'yes',
      hintIndex: hintIndex as LogIndex,
      hintTerm: hintTerm as Term,
      round: Number(options['round'] ?? 0),
      force: options['force'] === 'yes',
      snapshot: snapshot && {
        index: snapshot[0] as LogIndex,
        term: snapshot[1] as Term,
        config: configFrom(options['config'] ?? ''),
      },
    }
    this.node(numberOf(message.to.store)).machine.step(this.nowMs, message)
  }

  private status(number: number): void {
    const { machine } = this.node(number)
    const { role, term, vote, commit, applied, lastIndex, stableIndex, config, asleep } = machine.status(this.nowMs)
    const leader = machine.leader ? ` leader=${memberText(machine.leader)}` : ''
    const voted = vote ? ` vote=${memberText(vote)}` : ''
    const stable = stableIndex < lastIndex ? ` stable=${stableIndex}` : ''
    this.print(
      `${number}: ${role} term=${term}${voted}${leader} commit=${commit} applied=${applied} last=${lastIndex}${stable} ${configText(config)}${asleep ? ' asleep' : ''}`,
    )
  }
}

const numberIn = (words: readonly string[], at: number): number => {
  const number = Number(words[at])
  assert(Number.isFinite(number), `word ${at + 1} is a number`)
  return number
}

const numbers = (text: string | undefined): Numbers => (text ? text.split(',').map(Number) : [])

/** `1,2@5+3` is voters 1 and 2@5 and learner 3; `1,2|2,3` is joint. */
function configFrom(text: string): Config {
  const halves = text.split('|').map((half) => {
    const [voters = '', learners = ''] = half.split('+')
    const members = (list: string): Config['voters'] => (list ? list.split(',').map(memberFrom) : [])
    return { voters: members(voters), learners: members(learners) }
  })
  return {
    voters: halves[0]?.voters ?? [],
    learners: halves[0]?.learners ?? [],
    nextVoters: halves[1]?.voters ?? [],
    nextLearners: halves[1]?.learners ?? [],
  }
}
