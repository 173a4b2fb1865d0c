import * as value from '../cli/options/values.js'
import { compileRuleReader, pathPattern, type Rule, RuleError } from './rules/rule.js'

const readRule = compileRuleReader(value)
const MAX_RULES = 1000

/** A rule, or `@FILE` with one a line (blank lines and `#` comments aside). @throws RangeError */
export function rules(given: string): Rule[] {
  if (!given.startsWith('@')) return [ruleAt(given, column => `in ${value.quote(given)}, column ${column}`)]
  const path = given.slice(1)
  const lines = value.file(path).split('\n')
  const found = lines.flatMap((line, i) => {
    const text = line.replace(/(?:^|\s)#.*/, '')
    return text.trim() === '' ? [] : [ruleAt(text, column => `${path}:${i + 1}:${column}`)]
  })
  if (found.length <= MAX_RULES) return found
  throw new RangeError(`expected ${MAX_RULES} rules at most, got ${found.length} in ${value.quote(path)}`)
}

/** The same, checked and kept as given, for rules that are read again. */
export function rulesText(given: string): string {
  rules(given)
  return given
}

function ruleAt(text: string, placeOf: (column: number) => string): Rule {
  try {
    return readRule(text)
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    throw new RangeError(`${placeOf(error.column)}: ${error.message}`)
  }
}

/** What browsers and phones ask for by themselves, whether it is there or not. */
const BROWSERS = [
  '/favicon.ico',
  '/apple-touch-icon*.png',
  '/.well-known/*',
  '/robots.txt',
  '/site.webmanifest',
]

/** Patterns of paths that are joined by commas; `browsers` stands for what browsers ask for unbidden. */
export function patternsText(given: string): string[] {
  return given.split(',').flatMap(text => (text === 'browsers' ? BROWSERS : [pathPattern(text)]))
}
