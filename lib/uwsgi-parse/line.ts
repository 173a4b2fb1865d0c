/**
 * A layout of a log line: stretches of a fixed grammar (the chains), and between each two of them a free
 * text that a stranger may have written. A chain is a global regular expression in which every repetition
 * is bounded, so that a line is searched in a time that grows with its length alone.
 */
export interface Layout {
  chains: readonly Chain[]
  /** the names of the free texts, one between each two chains */
  texts: readonly string[]
  /** whether the first chain may stand behind other text, as with --vhost or a log encoder's prefix */
  prefixed: boolean
}

export interface Chain {
  regex: RegExp
  /** the names of its capture groups */
  fields: readonly string[]
}

/**
 * uWSGI's own layout (core/logging.c, uwsgi_logit_simple):
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
        /\) \{\d{1,10} vars in \d{1,10} bytes\} \[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] ([^ ]*) /g,
      fields: ['ctime', 'method'],
    },
    {
      regex:
        / => generated (\d{1,20}) bytes in (\d{1,20}) (msecs|micros)(?: via [a-z]{1,20}\(\))? \(([^ ()]*) (\d{1,5})\) \d{1,10} headers in \d{1,20} bytes \(\d{1,10} switches on core \d{1,10}\)$/g,
      fields: ['bytes', 'duration', 'unit', 'protocol', 'status'],
    },
  ],
  texts: ['addr', 'user', 'uri'],
}

/** What a line says under its layout. */
export interface Reading {
  /** each field under its name; of several readings, as in the one whose chains stand furthest to the right */
  fields: Readonly<Record<string, string>>
  /** fields of which the line has readings that differ */
  disputed: ReadonlySet<string>
  /** what the address slot holds, under every reading of the line; empty where there are too many to tell */
  slots: readonly string[]
}

/** How many readings of the address slot are told apart. */
const MAX_SLOTS = 64

/** Where one chain stands in a line. */
interface Place {
  start: number
  end: number
  values: readonly string[]
}

/**
 * Reads a line under a layout. A hostile text may hold what looks like a chain, so every place where a
 * chain can stand is found, and all the readings that they allow together are compared.
 * @returns null when the line is not of this layout
 */
export function readLine(line: string, layout: Layout): Reading | null {
  const places = findPlaces(line, layout)
  if (!places) return null
  const rightmost = places.map(of => of[of.length - 1] as Place)
  const fields: Record<string, string> = {}
  const disputed = new Set<string>()
  layout.chains.forEach((chain, i) => {
    const { values } = rightmost[i] as Place
    chain.fields.forEach((name, j) => {
      fields[name] = values[j] as string
      if ((places[i] as Place[]).some(place => place.values[j] !== values[j])) disputed.add(name)
    })
  })
  layout.texts.forEach((name, i) => {
    fields[name] = line.slice((rightmost[i] as Place).end, (rightmost[i + 1] as Place).start)
  })
  return { fields, disputed, slots: readSlots(line, layout, places) }
}

/** For each chain the places at which it stands in some reading of the whole line, from the left. */
function findPlaces(line: string, layout: Layout): Place[][] | null {
  const places: Place[][] = []
  let from = 0
  for (const chain of layout.chains) {
    const found = findChain(line, chain, from, places.length === 0 && !layout.prefixed)
    const first = found[0]
    if (!first) return null
    places.push(found)
    from = first.end
  }
  // a place counts if the next chain has one behind it
  let latest = line.length
  for (let i = places.length - 1; i >= 0; i--) {
    const valid = (places[i] as Place[]).filter(place => place.end <= latest)
    if (valid.length === 0) return null
    places[i] = valid
    latest = (valid[valid.length - 1] as Place).start
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

function readSlots(line: string, layout: Layout, places: Place[][]): string[] {
  const before = layout.texts.indexOf('addr')
  const slots: string[] = []
  for (const { end } of places[before] ?? []) {
    for (const { start } of places[before + 1] ?? []) {
      if (start < end) continue
      if (slots.length === MAX_SLOTS) return []
      slots.push(line.slice(end, start))
    }
  }
  return slots
}
