import { BackendError } from '../backend.js'
import { runProgram } from '../run-program.js'

/** One row of a table, as bytes. */
export interface Row {
  key: Buffer
  value: Buffer
}

/** A row to write, or the key of one to delete. */
export type Step = Row | { key: Buffer; value?: undefined }

/** How many steps one bpftool carries out: they take a fraction of its time limit. */
const BATCH_STEPS = 50_000
/** How long a map may take to be read: a million entries take 10 s. */
const TIMEOUT_MS = 60_000

/** One row as bpftool writes it: `"key":["0x01",…],"value":["0x00",…]`. */
const ROW = /"key":\[([^\][]*)\],"value":\[([^\][]*)\]/g

/**
 * Carries out steps in their order.
 * @param pin the table
 * @throws BackendError also where a row to be deleted is not there: then nothing after it is done
 */
export async function writeRows(pin: string, steps: readonly Step[]): Promise<void> {
  for (let from = 0; from < steps.length; from += BATCH_STEPS) {
    const lines = steps.slice(from, from + BATCH_STEPS).map(step => `${line(pin, step)}\n`)
    await runProgram(['bpftool', 'batch', 'file', '-'], lines.join(''))
  }
}

function line(pin: string, { key, value }: Step): string {
  if (value === undefined) return `map delete pinned ${pin} key hex ${hex(key)}`
  return `map update pinned ${pin} key hex ${hex(key)} value hex ${hex(value)}`
}

/**
 * Makes a row that is not there yet.
 * @returns false where it is
 */
export async function createRow(pin: string, { key, value }: Row): Promise<boolean> {
  const argv = ['map', 'update', 'pinned', pin, 'key', 'hex', ...words(key), 'value', 'hex', ...words(value)]
  try {
    await runProgram(['bpftool', ...argv, 'noexist'])
    return true
  } catch (error) {
    if (error instanceof BackendError && /File exists/.test(error.message)) return false
    throw error
  }
}

/**
 * All rows of a table, by their keys in hex. They are read as they come: bpftool's text is twenty times as long.
 * Rows that come or go meanwhile may be missed.
 */
export async function readRows(pin: string): Promise<Map<string, Row>> {
  const { execa } = await import('execa')
  const child = execa('bpftool', ['-j', 'map', 'dump', 'pinned', pin], {
    stdin: 'ignore',
    buffer: { stdout: false },
    reject: false,
    timeout: TIMEOUT_MS,
  })
  const rows = new Map<string, Row>()
  let text = ''
  for await (const chunk of child.iterable({ from: 'stdout', binary: true })) {
    text += Buffer.from(chunk as Uint8Array).toString('latin1')
    let end = 0
    for (const match of text.matchAll(ROW)) {
      const [all, key = '', value = ''] = match
      const row = { key: unhex(key), value: unhex(value) }
      rows.set(row.key.toString('hex'), row)
      end = match.index + all.length
    }
    text = text.slice(end)
  }
  const result = await child
  if (!result.failed) return rows
  const reason = /"error":"([^"]*)"/.exec(text)?.[1] ?? result.shortMessage
  throw new BackendError(`bpftool: ${reason}`)
}

function unhex(list: string): Buffer {
  return Buffer.from(list.replaceAll(/"0x|",?/g, ''), 'hex')
}

/** Bytes as bpftool takes them behind `hex`. */
export function words(bytes: Buffer): string[] {
  return hex(bytes).split(' ')
}

/** Each byte behind a blank. */
const HEX = Array.from({ length: 256 }, (_, byte) => ` ${byte.toString(16).padStart(2, '0')}`)

/** Bytes as bpftool reads them: apart by blanks. A pattern that puts them there takes three times as long. */
function hex(bytes: Buffer): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text.slice(1)
}
