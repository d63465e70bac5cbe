import { KvError } from '@base-kv/base'
import { readFile } from 'node:fs/promises'

/** Certificates as PEM. Both sides show theirs, and each checks the other's against `ca`. */
export interface TlsOptions {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
}

export interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Reads the three PEM files. @throws KvError BadConfig that names the file */
export async function readTls(files: TlsFiles): Promise<TlsOptions> {
  const read = async (name: keyof TlsFiles): Promise<Buffer> => {
    try {
      return await readFile(files[name])
    } catch (cause) {
      throw new KvError('BadConfig', `cannot read tls.${name} "${files[name]}"`, {
        hint: 'name a readable PEM file',
        cause,
      })
    }
  }
  const [ca, cert, key] = await Promise.all([read('ca'), read('cert'), read('key')])
  return { ca, cert, key }
}
