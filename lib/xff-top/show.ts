import type { Terminal } from '../cli/terminal.js'
import type { Eye } from './board.js'
import { createLive } from './live.js'
import { createScreen } from './screen.js'

/** A look takes at most one part in so many of the time, however many bans there are. */
const PAUSE_SHARE = 20

/** Shows what an eye sees, again and again, until a key or `end` ends it. @param monotonic milliseconds, for durations */
export async function show(
  eye: Eye,
  terminal: Terminal,
  { everyMs, monotonic }: { everyMs: number; monotonic: () => number },
): Promise<{ ended: Promise<void>; end: () => void }> {
  // an error of the first look is told where it can be read
  const live = createLive(eye, await eye.look())
  const screen = createScreen(terminal.withColours)
  let end = () => {}
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  const ended = new Promise<void>(resolve => {
    end = () => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      void terminal.close().then(resolve)
    }
  })
  const draw = () => {
    // over a slow line the next picture is drawn when this one is there
    if (isOver || terminal.isBehind()) return
    const { columns, rows } = terminal.size()
    const changes = screen.draw(live.lines(columns, rows))
    if (changes !== '') terminal.write(changes)
  }
  const later = (tookMs: number) => {
    if (!isOver) timer = setTimeout(look, Math.max(everyMs, PAUSE_SHARE * tookMs))
  }
  const look = async () => {
    const began = monotonic()
    await live.look()
    draw()
    later(monotonic() - began)
  }
  // one key after the other, also where one takes a while
  let keys = Promise.resolve()
  const onKey = (key: string) => {
    keys = keys.then(async () => {
      if (key === 'redraw') screen.forget()
      else if (await live.key(key)) return end()
      draw()
    })
  }
  terminal.open(onKey, () => {
    screen.forget()
    draw()
  })
  draw()
  later(0)
  return { ended, end }
}
