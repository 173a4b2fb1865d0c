import { mkdirSync } from 'node:fs'
import { execa } from 'execa'

/** Has make build packages, hardly compressed, since that takes long; one test after the other, in whatever process. */
export async function buildPackages(target: 'deb' | 'image'): Promise<void> {
  mkdirSync('build', { recursive: true })
  const env = { DEB_COMPRESS: 'none', IMAGE_COMPRESS: '1' }
  await execa('flock', ['build/.packages', 'make', target], { env })
}
