import './apart.js'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

/** Why there are no disks of our own: mounting takes root. */
export const noMounts = process.getuid?.() !== 0 && 'mounting takes root'

/** A small disk that a test can fill, free again and make read-only. */
export async function smallDisk(t: { teardown: (fn: () => unknown) => void }, kibibytes: number) {
  // not in the folder of the test, which is removed before this is unmounted
  const path = mkdtempSync(join(tmpdir(), 'xff-jail-disk-'))
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'xff-jail-test', path])
  t.teardown(async () => {
    await execa('umount', ['--lazy', path])
    rmdirSync(path)
  })
  const filler = join(path, 'filler')
  return {
    path,
    fill() {
      try {
        writeFileSync(filler, Buffer.alloc(kibibytes * 1024))
      } catch {
        // it is full now
      }
    },
    free: () => rmSync(filler),
    readOnly: () => execa('mount', ['-o', 'remount,ro', path]),
  }
}
