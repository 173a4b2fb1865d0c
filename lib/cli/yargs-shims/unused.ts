/** In place of what yargs writes its help with: ours is written by lib/cli/options/help.ts. */
export default function unused(): never {
  throw new Error('yargs writes no help of ours')
}
