/** Seconds of each unit, by fail2ban's spellings (MyTime.str2seconds); `m` is a minute, `mo` a month. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:|seconds?|sec?|ss?)$/i, 1],
  [/^(?:minutes?|min?|mm?)$/i, 60],
  [/^(?:hours?|hou?|hh?)$/i, 3600],
  [/^(?:days?|da|dd?)$/i, 86_400],
  [/^(?:weeks?|wee?|ww?)$/i, 604_800],
  [/^(?:months?|mon?)$/i, 2_629_800],
  [/^(?:years?|yea?|yy?)$/i, 31_557_600],
]

/** `600`, `10m`, `1d12h`, `1 week - 2 days`, `60*60` or `-1` in seconds; undefined for any other text. */
export function parseSeconds(text: string): number | undefined {
  let sum = 0
  let rest = text.trim()
  if (rest === '') return undefined
  while (rest !== '') {
    const [term = '', sign, product = ''] =
      /^([+-]?)\s*([\d.]+\s*[a-z]*(?:\s*\*\s*[\d.]+\s*[a-z]*)*)\s*/i.exec(rest) ?? []
    if (term === '') return undefined
    const value = product.split('*').reduce((total, factor) => total * factorOf(factor), 1)
    sum += sign === '-' ? -value : value
    rest = rest.slice(term.length)
  }
  return Number.isFinite(sum) ? Math.round(sum) : undefined
}

function factorOf(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  const seconds = UNITS.find(([spellings]) => spellings.test(unit))?.[1]
  return digits === undefined || seconds === undefined ? Number.NaN : Number(digits) * seconds
}
