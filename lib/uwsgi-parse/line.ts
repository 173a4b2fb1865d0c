/**
 * A layout of a log line: stretches of a fixed grammar (the chains), and between each two of them a free
 * text that a stranger may have written. A chain is a global regular expression in which every repetition
 * is bounded or cannot pass the beginning of another match, so that the time to search a line grows with
 * its length alone.
 */
export interface Layout {
  chains: readonly Chain[]
  /** the names of the free texts, one between each two chains */
  texts: readonly string[]
  /** whether the first chain may stand behind other text, as with --vhost or what a log collector adds */
  prefixed: boolean
}

export interface Chain {
  regex: RegExp
  /** the names of its capture groups; a group that took no part has no value */
  fields: readonly string[]
}

/**
 * uWSGI's own layout (core/logging.c, uwsgi_logit_simple; `async` in uWSGI 1.x):
 *
 *     [pid: 7|app: 0|req: 1/1] ADDR (USER) {24 vars in 250 bytes} [DATE] METHOD URI
 *         => generated 3 bytes in 0 msecs via route() (PROTOCOL STATUS) 2 headers in 64 bytes (1 switches on core 0)
 */
export const DEFAULT_LAYOUT: Layout = {
  prefixed: true,
  chains: [
    { regex: /\[pid: \d{1,10}\|app: -?\d{1,10}\|req: -?\d{1,20}\/\d{1,20}\] /g, fields: [] },
    { regex: / \(/g, fields: [] },
    {
      regex:
        /\) \{\d{1,10} vars in \d{1,20} bytes\} \[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] ([^ ]*) /g,
      fields: ['ctime', 'method'],
    },
    {
      regex:
        / => generated (\d{1,20}) bytes in (?:(\d{1,20}) msecs|(\d{1,20}) micros)(?: via [a-z]{1,20}\(\))? \(([^ ()]*) (-?\d{1,10})\) \d{1,10} headers in \d{1,20} bytes \(\d{1,10} (?:async )?switches on (?:async )?core -?\d{1,10}\)$/g,
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

/** Where one chain stands in a line. */
interface Place {
  start: number
  end: number
  values: readonly (string | undefined)[]
}

/**
 * Reads a line under a layout. A hostile text may hold what looks like a chain, so every place where a
 * chain can stand is found, and all the readings that they allow together can be compared.
 * @returns null when the line is not of this layout
 */
export function readLine(line: string, layout: Layout): Reading | null {
  const places = findPlaces(line, layout)
  if (!places) return null

  const chosen = choosePlaces(places, layout)
  const group = (name: string) => {
    const i = layout.chains.findIndex(({ fields }) => fields.includes(name))
    const j = layout.chains[i]?.fields.indexOf(name) ?? -1
    return { of: places[i] ?? [], chosen: chosen[i], j }
  }

  return {
    value: name => {
      const i = layout.texts.indexOf(name)
      if (i >= 0) return line.slice((chosen[i] as Place).end, (chosen[i + 1] as Place).start)
      const { chosen: place, j } = group(name)
      return place?.values[j]
    },
    disputed: name => {
      const { of, j } = group(name)
      return of.some(({ values }) => values[j] !== of[0]?.values[j])
    },
    texts: name => {
      const i = layout.texts.indexOf(name)
      if (i >= 0) return allTexts(line, places[i] ?? [], places[i + 1] ?? [])
      const { of, j } = group(name)
      const values = new Set(of.map(({ values }) => values[j] ?? ''))
      return values.size > MAX_TEXTS ? [] : [...values]
    },
  }
}

/** One reading: from the left, each chain up to the end of the first address as far right as it goes, then as far left. */
function choosePlaces(places: readonly Place[][], layout: Layout): Place[] {
  const addressEnd = layout.texts.findIndex(name => name === 'addr' || name.startsWith('var.HTTP_X_')) + 1
  let from = 0
  return places.map((of, i) => {
    const place = i <= addressEnd ? last(of) : (of.find(({ start }) => start >= from) ?? last(of))
    from = place.end
    return place
  })
}

/** For each chain the places at which it stands in some reading of the whole line, from the left. */
function findPlaces(line: string, layout: Layout): Place[][] | null {
  const places: Place[][] = []
  let from = 0
  for (const chain of layout.chains) {
    const found = findChain(line, chain, from, places.length === 0 && !layout.prefixed)
    if (found.length === 0) return null
    places.push(found)
    from = found.reduce((least, { end }) => Math.min(least, end), line.length)
  }
  // a place counts if the next chain has one behind it, and so on to the end
  let latest = line.length
  for (let i = places.length - 1; i >= 0; i--) {
    const valid = (places[i] as Place[]).filter(({ end }) => end <= latest)
    if (valid.length === 0) return null
    places[i] = valid
    latest = last(valid).start
  }
  return places
}

function findChain(line: string, { regex }: Chain, from: number, atStart: boolean): Place[] {
  const found: Place[] = []
  regex.lastIndex = from
  for (let match = regex.exec(line); match !== null; match = regex.exec(line)) {
    if (atStart && match.index > 0) break
    found.push({ start: match.index, end: regex.lastIndex, values: match.slice(1) })
    regex.lastIndex = match.index + 1
  }
  return found
}

/** What may stand between two chains: from each place of the one to each of the other behind it. */
function allTexts(line: string, lefts: readonly Place[], rights: readonly Place[]): string[] {
  const texts: string[] = []
  for (const { end } of lefts) {
    for (const { start } of rights) {
      if (start < end) continue
      if (texts.length === MAX_TEXTS) return []
      texts.push(line.slice(end, start))
    }
  }
  return texts
}

function last(places: readonly Place[] | undefined): Place {
  return places?.at(-1) as Place
}
