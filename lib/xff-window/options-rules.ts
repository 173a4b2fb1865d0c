import * as value from '../cli/options/values.js'
import type { Crowd } from './crowd.js'
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

/**
 * `24/5`: five addresses of an IPv4 /24; lengths up to 31 are those of IPv4, from 32 on of IPv6. `network/20`: twenty of
 * one network of --networks.
 */
export function crowd(given: string): Crowd {
  const [, word, count] = /^(\d{1,3}|network)\/(\d{1,4})$/.exec(given) ?? []
  const [length, addresses] = [Number(word), Number(count)]
  if (word === 'network' && addresses >= 2) return { of: word, addresses }
  if (length >= 16 && length <= 127 && addresses >= 2)
    return { of: { family: length < 32 ? 4 : 6, length }, addresses }
  throw new RangeError(
    `expected BITS/N such as 24/5, of 16 to 31 bits for IPv4 or 32 to 127 for IPv6 and 2 addresses or more, or network/N, got ${value.quote(given)}`,
  )
}
