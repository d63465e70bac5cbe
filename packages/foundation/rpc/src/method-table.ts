/** The service tables of a server, looked up by path: one Map lookup a call. */
import { KvError } from '@base-kv/base'
import type { BidiHandler, ServerStreamHandler, ServiceTable, UnaryHandler } from './service-table.ts'

export type Method = { readonly path: string; readonly requestBytesMax: number } & (
  | { readonly kind: 'unary'; readonly handler: UnaryHandler }
  | { readonly kind: 'serverStream'; readonly handler: ServerStreamHandler }
  | { readonly kind: 'bidi'; readonly handler: BidiHandler }
)

export type MethodTable = ReadonlyMap<string, Method>

/** @throws KvError BadConfig when two tables offer one path */
export function methodTable(services: readonly ServiceTable[], requestBytesMaxDefault: number): MethodTable {
  const methods = new Map<string, Method>()
  const add = (method: Method): void => {
    if (methods.has(method.path)) throw new KvError('BadConfig', `two services offer ${method.path}`)
    methods.set(method.path, method)
  }
  for (const service of services) {
    const requestBytesMax = service.requestBytesMax ?? requestBytesMaxDefault
    for (const [path, handler] of Object.entries(service.unary ?? {})) {
      add({ path, requestBytesMax, kind: 'unary', handler })
    }
    for (const [path, handler] of Object.entries(service.serverStream ?? {})) {
      add({ path, requestBytesMax, kind: 'serverStream', handler })
    }
    for (const [path, handler] of Object.entries(service.bidi ?? {})) {
      add({ path, requestBytesMax, kind: 'bidi', handler })
    }
  }
  return methods
}
