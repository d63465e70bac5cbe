/** One call to the first endpoint that answers: what a command shows "as this endpoint sees it". */
import { KvError, toKvError } from '@base-kv/base'
import { type ClientFlags, clientOptions } from './client-options.ts'

/** @throws KvError Unreachable when none answers in time; what an endpoint itself answers */
export async function askEndpoint(flags: ClientFlags, path: string, request: Uint8Array): Promise<Buffer> {
  const { endpoints, timeoutMs = 5_000, tls } = await clientOptions(flags)
  const { openChannel } = await import('@base-kv/rpc')
  // A stopped process takes the call and never answers: the next endpoint must have its turn in time.
  const deadlineMs = Math.max(1, Math.floor(timeoutMs / endpoints.length))
  const failures: string[] = []
  for (const endpoint of endpoints) {
    const channel = openChannel(endpoint, tls ? { tls } : {})
    try {
      return await channel.unary(path, request, { deadlineMs })
    } catch (thrown) {
      const error = toKvError(thrown)
      if (!['Unreachable', 'DeadlineExceeded', 'OutcomeUnknown', 'TryLater'].includes(error.code)) throw error
      failures.push(`${endpoint}: ${error.message}`)
    } finally {
      channel.close()
    }
  }
  throw new KvError('Unreachable', `no node answers (${failures.join('; ')})`, {
    hint: 'is the cluster up? `base-kv cluster status` shows a local one; --endpoints names other nodes',
  })
}
