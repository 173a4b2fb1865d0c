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

/** The fields above in an untrusted whois answer, a line each; of several spellings and repetitions the first. */
export function summarise(answer: string): string[] {
  const found = new Map<string, string>()
  for (const line of answer.split('\n')) {
    const [, name, value] = /^\s{0,8}([A-Za-z][\w-]{1,20}):[ \t]*(.{1,1000})$/.exec(line.trimEnd()) ?? []
    if (name === undefined || value === undefined) continue
    const text = plainLine(value, MAX_VALUE_UNITS)
    if (text !== '' && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), text)
  }
  return FIELDS.flatMap(names => {
    const name = names.find(one => found.has(one))
    return name === undefined ? [] : `${name}: ${found.get(name)}`
  })
}
