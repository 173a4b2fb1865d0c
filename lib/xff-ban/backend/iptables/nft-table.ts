import { runProgram } from '../run-program.js'
import { type Release, releaseScript, removeScript, tableOf } from './nft-script.js'

/** nft's part of the work, see nft-script.ts. */
export interface NftTable {
  install: () => Promise<void>
  /** Restores it where others have changed it. @returns whether they had */
  reconcile: () => Promise<boolean>
  /** Removes it; where nft is missing there is nothing to remove. */
  remove: () => Promise<void>
}

export function nftTable(release: Release): NftTable {
  /** the table as nft lists it when it is as it should be */
  let wanted = ''
  // without the connections that come and go in its sets
  const list = () => runProgram(['nft', '--terse', 'list', 'table', ...tableOf(release.name).split(' ')])
  const install = async () => {
    await runProgram(['nft', '-f', '-'], releaseScript(release))
    wanted = await list()
  }
  return {
    install,
    async reconcile() {
      if ((await list().catch(() => '')) === wanted) return false
      await install()
      return true
    },
    async remove() {
      await runProgram(['nft', '-f', '-'], removeScript(release.name)).catch(() => {})
    },
  }
}
