/**
 * Writes dist/THIRD-PARTY-LICENSES: the licence and notice files of every package from which code is in dist. esbuild
 * lists these packages itself (its metafiles, in build/meta). And build/bundled.json, their list for a bill of materials.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What of esbuild's metafile is read here. */
interface Metafile {
  outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>
}

/** Parts of its runtime library are in the WebAssembly modules, which esbuild sees as text. */
const COMPILED_IN = ['node_modules/assemblyscript']
const LICENCE_FILE = /^(licen[cs]e|notice|copying)/i

const metafiles = readdirSync('build/meta').map(
  file => JSON.parse(readFileSync(join('build/meta', file), 'utf8')) as Metafile,
)
const folders = new Set([...COMPILED_IN, ...metafiles.flatMap(bundledPackages)])
writeFileSync(
  'dist/THIRD-PARTY-LICENSES',
  [...folders]
    .sort()
    .map(licenceText)
    .join(`\n${'-'.repeat(80)}\n\n`),
)

writeFileSync('build/bundled.json', JSON.stringify([...folders].sort().map(described)))

/** The folders of the packages from which at least one byte is in an output. */
function bundledPackages({ outputs }: Metafile): string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => {
      const folder = /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
      return folder && bytesInOutput > 0 ? [folder] : []
    }),
  )
}

/** @throws Error for a package that has no such file */
function licenceText(folder: string): string {
  const { name, version, license } = described(folder)
  const files = readdirSync(folder).filter(file => LICENCE_FILE.test(file))
  if (files.length === 0) throw new Error(`${folder}: no licence file to ship`)
  const texts = files.map(file => `${readFileSync(join(folder, file), 'utf8').trim()}\n`)
  return [`${name} ${version} (${license})\n`, ...texts].join('\n')
}

function described(folder: string): { name: string; version: string; license: string } {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { name, version, license }
}
