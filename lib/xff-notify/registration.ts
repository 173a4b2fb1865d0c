import { plainLine } from './plain-line.js'

/** The fields that name the owner of an address and the contact for complaints, as the registries spell them. */
const FIELDS = [
  ['inetnum', 'inet6num', 'netrange'],
  ['netname'],
  ['org-name', 'orgname', 'organization', 'owner', 'descr'],
  ['country'],
  ['origin', 'originas', 'aut-num'],
  ['abuse-mailbox', 'orgabuseemail', 'abuse-c-email', 'e-mail'],
]
const MAX_VALUE_UNITS = 100
/** A longer line is no field. */
const MAX_LINE_UNITS = 1000

/** The fields above in an untrusted whois answer, a line each; of several spellings and repetitions the first. */
export function summarise(answer: string): string[] {
  const found = new Map<string, string>()
  for (const line of answer.split('\n')) {
    const [, name, value] = /^([A-Za-z][\w-]{1,20}):(.+)$/.exec(line.trim()) ?? []
    if (name === undefined || value === undefined || value.length > MAX_LINE_UNITS) continue
    const text = plainLine(value, MAX_VALUE_UNITS)
    if (text !== '' && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), text)
  }
  return FIELDS.flatMap(names => {
    const name = names.find(one => found.has(one))
    return name === undefined ? [] : `${name}: ${found.get(name)}`
  })
}
