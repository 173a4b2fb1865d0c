import { hasMembers, parsedJson } from './json.js'
import type { Layout, Reading } from './reading.js'

/** A log of JSON objects: where the variables of uWSGI have their counterparts. */
export interface JsonLog {
  /** paths of keys, with dots, by the names of uWSGI's variables; of a list the parts are joined by commas */
  members: Readonly<Record<string, string>>
  /** the member that tells the end, in seconds since 1970 */
  end?: string
  /** the member that tells the start, in ISO 8601 with a zone */
  start?: string
}

/** Nobody can make JSON say what it does not: the values are those that the server wrote. */
export function jsonReader({ members, end, start }: JsonLog): (line: string) => Reading | undefined {
  const layout: Layout = { segments: [], texts: Object.keys(members) }
  return line => {
    const object = line.startsWith('{') ? parsedJson(line) : undefined
    if (object === undefined) return undefined
    const values = new Map<string, string>()
    for (const [name, path] of Object.entries(members)) {
      const text = textAt(object, path)
      if (text !== undefined) values.set(name, text)
    }
    const address = withoutPort(values.get('var.REMOTE_ADDR'))
    if (address === undefined || !/^\d{1,3}$/.test(values.get('status') ?? '')) return undefined
    values.set('var.REMOTE_ADDR', address)
    const header = values.get('var.HTTP_X_FORWARDED_FOR')
    if (header === undefined || header === '' || withoutPort(header) === address)
      values.set('var.HTTP_X_FORWARDED_FOR', '-')
    const micros = Number(values.get('nanos') ?? Number.NaN) / 1000 || Number(values.get('secs')) * 1_000_000
    if (!Number.isNaN(micros)) values.set('micros', String(Number(micros.toFixed(3))))
    setTime(values, textAt(object, end), textAt(object, start))
    for (const name of ['nanos', 'secs']) values.delete(name)
    return {
      layout,
      value: name => values.get(name),
      disputed: () => false,
      texts: name => [values.get(name)].flatMap(value => value ?? []),
      shortest: () => undefined,
    }
  }
}

function setTime(values: Map<string, string>, end: string | undefined, start: string | undefined): void {
  if (end !== undefined) values.set('now.micros', String(Number(end) * 1_000_000))
  const began = start === undefined ? Number.NaN : Date.parse(start)
  if (!Number.isNaN(began)) values.set('tmsecs', String(began))
}

/** A member as text; of a list, all of its parts. */
function textAt(value: unknown, path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  let member = value
  for (const key of path.split('.')) {
    if (!hasMembers(member) || !Object.hasOwn(member, key)) return undefined
    member = member[key]
  }
  if (Array.isArray(member)) return member.every(isText) ? member.join(', ') : undefined
  return isText(member) ? String(member) : undefined
}

function isText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

/** `203.0.113.7:1234` and `[2001:db8::1]:443` without the port. */
function withoutPort(address: string | undefined): string | undefined {
  const [, bracketed, plain] =
    /^(?:\[([0-9A-Fa-f:.%]{1,64})\](?::\d{1,5})?|([\d.]{1,15}):\d{1,5})$/.exec(address ?? '') ?? []
  return bracketed ?? plain ?? address
}
