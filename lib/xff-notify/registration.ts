import { plain } from './plain.js'

/** The fields that tell whom an address belongs to and who hears complaints, as the registries spell them. */
const TELLING = [
  ['inetnum', 'inet6num', 'netrange'],
  ['netname'],
  ['org-name', 'orgname', 'organization', 'owner', 'descr'],
  ['country'],
  ['origin', 'originas', 'aut-num'],
  ['abuse-mailbox', 'orgabuseemail', 'abuse-c-email', 'e-mail'],
]
const MAX_VALUE = 100

/** What matters of a whois answer, which anyone may have written: a line a field, the first of each kind. */
export function summarise(answer: string): string[] {
  const found = new Map<string, string>()
  for (const line of answer.split('\n')) {
    const [, name, value] = /^\s{0,8}([A-Za-z][\w-]{1,20}):[ \t]*(.{1,1000})$/.exec(line.trimEnd()) ?? []
    if (name === undefined || value === undefined) continue
    const text = plain(value, MAX_VALUE)
    if (text !== '' && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), text)
  }
  return TELLING.flatMap(names => {
    const name = names.find(one => found.has(one))
    return name === undefined ? [] : `${name}: ${found.get(name)}`
  })
}
