import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'

/** Of so many pieces, how many stages take in whose reader takes the first that comes and then nothing. */
export async function takenByStalled(
  piece: unknown,
  count: number,
  stages: readonly NodeJS.ReadWriteStream[],
): Promise<number> {
  let taken = 0
  async function* pieces() {
    for (; taken < count; taken++) {
      yield piece
      // what waits for a pause of the input has its turn
      await turn()
    }
  }
  const reader = new Writable({ write() {} })
  const source = Readable.from(pieces(), { objectMode: !Buffer.isBuffer(piece) })
  const end = pipeline([source, ...stages, reader]).catch(() => {})
  for (let before = -1; before !== taken; ) {
    before = taken
    for (let i = 0; i < 100; i++) await turn()
  }
  reader.destroy()
  await end
  return taken
}
