import type { Rule } from '../../lib/xff-window/rules/rule.js'

export interface RuledRequest {
  key: string
  time: number
  status: number
  method: string
  uri: string
}

export const failing = (status: number) => status >= 400

/**
 * The rules by their definition, for one request after the other: each limit is a window of its own, in which a point is a
 * failure.
 */
export function createDefinition(
  rules: readonly Rule[],
  general: { max: number; find: number } | undefined,
): (request: RuledRequest) => object | string {
  const names = [...new Set(rules.flatMap(({ name }) => name ?? []))]
  const limits = [
    ...names.map(name => {
      const { max = 3, find = 0.01 } = rules.find(rule => rule.name === name) ?? {}
      return { name, max, find: find * 1000 }
    }),
    ...(general ? [{ ...general, name: undefined }] : []),
  ]
  const times = new Map<string, number[]>()
  return ({ key, time, status, method, uri }) => {
    if (uri === '/favicon.ico') return 'passed'
    const fitting = rules.filter(
      rule =>
        (rule.status ?? failing)(status) &&
        (rule.method?.includes(method) ?? true) &&
        (rule.path?.some(path => path === uri || (path === '/a*' && uri.startsWith('/a'))) ?? true),
    )
    let verdict: object | string = 'passed'
    for (const { name, max, find } of limits) {
      const own = fitting.find(rule => rule.name === name)
      const points = own ? (own.points ?? 1) : name === undefined && failing(status) ? 1 : 0
      const id = `${key} ${name}`
      if (points > 0 && verdict === 'passed') verdict = 'counted'
      for (let i = 0; i < points; i++) {
        const all = [...(times.get(id) ?? []), time].sort((a, b) => a - b)
        const first = all.findIndex(
          (oldest, i) =>
            oldest <= time &&
            (all[i + max - 1] ?? Number.NEGATIVE_INFINITY) >= time &&
            (all[i + max - 1] ?? Number.POSITIVE_INFINITY) - oldest <= find,
        )
        times.set(id, first < 0 ? all : [])
        if (first < 0) continue
        if (typeof verdict === 'string')
          verdict = { since: all[first], failures: max, rule: name, lasts: undefined }
        break
      }
    }
    return verdict
  }
}
