import { openSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { ReadStream } from 'node:tty'

/** Keys that are not one character, by what a terminal sends for them. */
const KEYS: Readonly<Record<string, string>> = {
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x1b': 'escape',
  '\x03': 'end',
  '\x04': 'end',
  '\x0c': 'redraw',
}

/** The terminal of whoever looks on: stdout, and the keyboard, also where stdin is a pipe. */
export interface Terminal {
  /** in characters */
  size: () => { columns: number; rows: number }
  withColours: boolean
  /** Whether what was written is still on its way: then a picture is left out. */
  isBehind: () => boolean
  write: (text: string) => void
  /** Calls back for each key, by its character or name, and for a change of size. */
  open: (onKey: (key: string) => void, onResize: () => void) => void
  /** Leaves it as it was, behind what is still on its way; what does not get there in some seconds is given up. */
  close: () => Promise<void>
}

const CLOSE_MS = 10_000

/** @returns undefined where stdout is no terminal on which a cursor can be moved */
export function findTerminal(enter: string, leave: string): Terminal | undefined {
  const { stdout, env } = process
  if (!stdout.isTTY || env.TERM === 'dumb') return undefined
  let keyboard: ReadStream | undefined
  // where it ends without being closed
  const restore = () => {
    keyboard?.setRawMode(false)
    writeSync(stdout.fd, leave)
  }
  return {
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    withColours: !env.NO_COLOR,
    isBehind: () => stdout.writableLength > 0,
    write: text => stdout.write(text),
    open(onKey, onResize) {
      process.once('exit', restore)
      // Node has whoever writes to a terminal wait for it (lib/tty.js): one that is slow, or was stopped (Ctrl-S), would
      // keep records from being read and signals from being heard
      stdout._handle?.setBlocking(false)
      stdout.write(enter)
      stdout.on('resize', onResize)
      keyboard = openKeyboard()
      keyboard?.setRawMode(true)
      keyboard?.on('data', chunk => {
        for (const key of keysOf(chunk.toString('latin1'))) onKey(key)
      })
    },
    async close() {
      process.off('exit', restore)
      keyboard?.setRawMode(false)
      keyboard?.destroy()
      const written = new Promise(resolve => stdout.write(leave, resolve))
      await Promise.race([written, pause(CLOSE_MS, undefined, { ref: false })])
    },
  }
}

function openKeyboard(): ReadStream | undefined {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    return undefined
  }
}

/** What a terminal sends for one key (ECMA-48, control sequences; SS3), or one character. */
const KEY = /\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[A-Za-z]|[\s\S]/g

/** The keys in what came at once, by name or character: over a slow line several come together. */
export function keysOf(text: string): string[] {
  return (text.match(KEY) ?? []).flatMap(key => KEYS[key] ?? (key.length > 1 ? [] : key))
}
