/** A strict reader of the Prometheus text format 0.0.4, as far as it is written here. */

export interface Family {
  help: string
  type: string
  /** by name and labels as written: `x_bucket{le="1",jail="a"}` */
  samples: Map<string, number>
}

/** @throws Error that quotes the first line which is not as the format has it */
export function readPrometheus(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, Family>()
  let family: Family | undefined
  let current = ''
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? []
    if (word === 'HELP') {
      if (families.has(name)) throw new Error(`twice: ${line}`)
      family = { help: rest, type: '', samples: new Map() }
      families.set(name, family)
      current = name
    } else if (word === 'TYPE') {
      if (name !== current || !family || family.type || !/^(counter|gauge|histogram)$/.test(rest)) {
        throw new Error(`out of place: ${line}`)
      }
      if (rest === 'counter' && !name.endsWith('_total')) throw new Error(`not _total: ${line}`)
      family.type = rest
    } else {
      const [, sample = '', labels = '', value] =
        /^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (\d+(?:\.\d+)?(?:e-?\d+)?)$/.exec(line) ?? []
      const suffix = family?.type === 'histogram' ? /^_(?:bucket|sum|count)$/ : /^$/
      if (!sample.startsWith(current) || !suffix.test(sample.slice(current.length)) || value === undefined) {
        throw new Error(`no sample of ${current}: ${line}`)
      }
      const key = `${sample}{${labels}}`
      if (!family || family.samples.has(key)) throw new Error(`twice: ${line}`)
      family.samples.set(key, Number(value))
    }
  }
  return families
}

/** The value of a family that is one number. */
export function numberOf(families: Map<string, Family>, name: string): number | undefined {
  return [...(families.get(name)?.samples.values() ?? [])][0]
}
