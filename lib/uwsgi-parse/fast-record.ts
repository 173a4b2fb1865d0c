import { ADDRESSES } from './address-slot.js'
import type { RowKind } from './fast-layout-table.js'
import { SAME_AS } from './layout/variables.js'

/** What is written of an ordinary line, behind its time, client and status. */
export interface Row {
  writes: RowKind
  /** which step it is of */
  place: number
  key: string
}

/**
 * What stands in a record, in its order.
 * @param names of the steps
 * @param texts which of these are free texts
 */
export function rowsOf(names: readonly string[], texts: readonly string[]): Row[] {
  const row = (writes: Row['writes'], key: string, ...from: readonly string[]): Row[] => {
    const place = from.map(name => names.indexOf(name)).find(at => at >= 0)
    return place === undefined ? [] : [{ writes, place, key }]
  }
  const text = (field: string, name: string, writes: Row['writes']) =>
    row(writes, `,"${field}":"`, name, SAME_AS[name] ?? name)
  const known = new Set(Object.entries(SAME_AS).flat())
  const isVariable = (name: string) => !known.has(name) && !ADDRESSES.includes(name)
  return [
    ...text('method', 'method', 'text'),
    ...text('uri', 'uri', 'text'),
    ...text('protocol', 'proto', 'text'),
    ...text('user', 'user', 'filledText'),
    ...row('number', ',"bytes":', 'rsize', 'size'),
    ...row('number', ',"msecs":', 'msecs'),
    { writes: 'list', place: 0, key: '' },
    ...text('referer', 'referer', 'filledText'),
    ...text('agent', 'uagent', 'filledText'),
    ...text('host', 'host', 'filledText'),
    ...texts
      .filter(isVariable)
      .flatMap(name => row('variable', `"${name.replace(/^(?:var\.|other )/, '')}":"`, name)),
  ]
}
