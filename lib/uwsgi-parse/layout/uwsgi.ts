import { type Chain, endAt, firstPlace, type Places, placesUpTo, valuesAt } from './segment.js'

/**
 * A layout of a log line: stretches of a fixed grammar (the chains), and between each two of them a free
 * text that a stranger may have written.
 */
export interface Layout {
  chains: readonly Chain[]
  /** the names of the free texts, one between each two chains */
  texts: readonly string[]
}

/**
 * uWSGI's own layout (core/logging.c, uwsgi_logit_simple; `async` in uWSGI 1.x):
 *
 *     [pid: 7|app: 0|req: 1/1] ADDR (USER) {24 vars in 250 bytes} [DATE] METHOD URI
 *         => generated 3 bytes in 0 msecs via route() (PROTOCOL STATUS) 2 headers in 64 bytes (1 switches on core 0)
 *
 * It may stand behind other text, as with --vhost or what a log collector adds.
 */
export const DEFAULT_LAYOUT: Layout = {
  chains: [
    {
      literal: '[pid: ',
      rest: /\d{1,10}\|app: -?\d{1,10}\|req: -?\d{1,20}\/\d{1,20}\] /y,
      fields: [],
    },
    { literal: ' (', rest: null, fields: [] },
    {
      literal: ') {',
      rest: /\d{1,10} vars in \d{1,20} bytes\} \[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] ([^ ]*) /y,
      fields: ['ctime', 'method'],
    },
    {
      literal: ' => generated ',
      rest: /(\d{1,20}) bytes in (?:(\d{1,20}) msecs|(\d{1,20}) micros)(?: via [a-z]{1,20}\(\))? \(([^ ()]*) (-?\d{1,10})\) \d{1,10} headers in \d{1,20} bytes \(\d{1,10} (?:async )?switches on (?:async )?core -?\d{1,10}\)$/y,
      fields: ['rsize', 'msecs', 'micros', 'proto', 'status'],
    },
  ],
  texts: ['addr', 'user', 'uri'],
}

/** What a line says under its layout. */
export interface Reading {
  /**
   * a field's value; of several readings, one in which the address slot is as long as it can be: what is hostile
   * stands mostly there
   */
  value: (name: string) => string | undefined
  /** whether readings of the line differ in a field of a chain */
  disputed: (name: string) => boolean
  /** a field's values under every reading of the line; empty where there are too many to tell */
  texts: (name: string) => readonly string[]
}

/** How many readings of a text are told apart. */
const MAX_TEXTS = 64

/**
 * Reads a line under a layout. A hostile text may hold what looks like a chain, so every place where a
 * chain can stand is found, and all the readings that they allow together can be compared.
 * @returns null when the line is not of this layout
 */
export function readLine(line: string, layout: Layout): Reading | null {
  const { chains, texts } = layout
  const places = findPlaces(line, chains)
  if (!places) return null

  const chosen = choosePlaces(places, layout)
  const values: (readonly (string | undefined)[] | undefined)[] = []
  const locate = (name: string) => {
    const i = chains.findIndex(({ fields }) => fields.includes(name))
    const chain = chains[i]
    return chain && { i, chain, of: places[i] as Places, group: chain.fields.indexOf(name) }
  }

  return {
    value: name => {
      const text = texts.indexOf(name)
      if (text >= 0) return line.slice((chosen[text] as Place).end, (chosen[text + 1] as Place).start)
      const field = locate(name)
      if (!field) return undefined
      values[field.i] ??= valuesAt(line, field.chain, (chosen[field.i] as Place).start)
      return values[field.i]?.[field.group]
    },
    disputed: name => {
      const field = locate(name)
      if (!field || field.of.starts.length === 1) return false
      const { chain, of, group } = field
      const first = valuesAt(line, chain, of.starts[0] as number)[group]
      return of.many || of.starts.some(start => valuesAt(line, chain, start)[group] !== first)
    },
    texts: name => {
      const text = texts.indexOf(name)
      if (text >= 0) return textsBetween(line, places[text] as Places, places[text + 1] as Places)
      const field = locate(name)
      if (!field || field.of.many) return []
      const { chain, of, group } = field
      return [...new Set(of.starts.map(start => valuesAt(line, chain, start)[group] ?? ''))]
    },
  }
}

/** For each chain the places at which it stands in some reading of the whole line. */
function findPlaces(line: string, chains: readonly Chain[]): Places[] | null {
  const firsts: number[] = []
  let from = 0
  for (const chain of chains) {
    const first = firstPlace(line, chain, from)
    if (first < 0) return null
    firsts.push(first)
    from = endAt(line, chain, first)
  }
  // a place counts if the next chain has one behind it, and so on to the end
  const places: Places[] = []
  let latest = line.length
  for (let i = chains.length - 1; i >= 0; i--) {
    const found = placesUpTo(line, chains[i] as Chain, firsts[i] as number, latest)
    if (found.starts.length === 0) return null
    places.unshift(found)
    latest = found.starts.at(-1) as number
  }
  return places
}

/** The place at which a chain stands in one reading. */
interface Place {
  start: number
  end: number
}

/** One reading: from the left, each chain up to the end of the first address as far right as it goes, then as far left. */
function choosePlaces(places: readonly Places[], layout: Layout): Place[] {
  const addressEnd = layout.texts.findIndex(name => name === 'addr' || name.startsWith('var.HTTP_X_')) + 1
  let from = 0
  return places.map(({ starts, ends }, i) => {
    const last = starts.length - 1
    const first = i <= addressEnd ? last : starts.findIndex(start => start >= from)
    const at = first < 0 ? last : first
    from = ends[at] as number
    return { start: starts[at] as number, end: from }
  })
}

/** What may stand between two chains: from each place of the one to each of the other behind it. */
function textsBetween(line: string, left: Places, right: Places): string[] {
  // each of them has one on the other side
  if (left.many || right.many) return []
  const texts: string[] = []
  for (const end of left.ends) {
    for (const start of right.starts) {
      if (start < end) continue
      if (texts.length === MAX_TEXTS) return []
      texts.push(line.slice(end, start))
    }
  }
  return texts
}
