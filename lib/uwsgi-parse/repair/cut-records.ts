import type { Format } from '../layout/log-format.js'

/** Why a line may be more or less than one record. */
export type Cut = 'cut' | 'rest'

/** Is shown each line, and whether its collector says that it is a piece; tells whether a client may have chosen where it begins or ends. */
export type WatchCuts = (line: string, isPiece: boolean) => Cut | undefined

/** What the runtimes of containers write before a piece of a line that goes on in the next one (CRI: `P` for partial). */
const CRI_PIECE = /^\S{10,40} std(?:out|err) P /

/**
 * What fills the buffer of a logger has lost its end, so that a client chose what stands there instead, or what the next
 * record is joined to; and where the rest comes as a line of its own, a client chose how that begins.
 */
export function watchCuts({ cutAt, isSplit }: Format): WatchCuts {
  let isRest = false
  return (line, isPiece) => {
    // a UTF-16 unit is 3 bytes at the most
    const isCut = line.length * 3 >= cutAt && Buffer.byteLength(line) >= cutAt
    const cut = isRest ? 'rest' : isCut || isPiece ? 'cut' : undefined
    isRest = isPiece || (isCut && isSplit) || CRI_PIECE.test(line)
    return cut
  }
}
