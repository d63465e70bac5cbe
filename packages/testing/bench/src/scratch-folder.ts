/** A folder on a real disk: in memory fsync costs nothing, and the figures would mean nothing. */
import { mkdirSync, mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'

const TMPFS = 0x0102_1994
const RAMFS = 0x8584_58f6
const NAMES = new Map([
  [0xef53, 'ext4'],
  [0x5846_5342, 'xfs'],
  [0x9123_683e, 'btrfs'],
  [0x2fc1_2fc1, 'zfs'],
  [0x794c_7630, 'overlay'],
  [0x6969, 'nfs'],
])
const FREE_BYTES_MIN = 12e9

export interface ScratchFolder {
  readonly path: string
  readonly fileSystem: string
}

/** In the temporary folder, else below the clone. @throws KvError BadConfig */
export function makeScratchFolder(clone: string): ScratchFolder {
  const refused: string[] = []
  for (const parent of [tmpdir(), join(clone, '.base-kv')]) {
    mkdirSync(parent, { recursive: true })
    const { type, bavail, bsize } = statfsSync(parent)
    if (type === TMPFS || type === RAMFS) refused.push(`${parent} is in memory`)
    else if (bavail * bsize < FREE_BYTES_MIN) refused.push(`${parent} has less than ${FREE_BYTES_MIN / 1e9} GB free`)
    else
      return {
        path: mkdtempSync(join(parent, 'base-kv-bench-')),
        fileSystem: NAMES.get(type) ?? `0x${type.toString(16)}`,
      }
  }
  throw new KvError('BadConfig', refused.join('; '), { hint: 'set TMPDIR to a folder on a disk with room' })
}
