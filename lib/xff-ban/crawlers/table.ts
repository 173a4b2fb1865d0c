/** Whose crawlers are told by the names of their hosts, and where the operators say so. */
const CRAWLERS: readonly { operator: string; suffixes: readonly string[] }[] = [
  // developers.google.com/search/docs/crawling-indexing/verifying-googlebot; googleusercontent.com is left out, since hosts of
  // anybody have names below it
  { operator: 'Google', suffixes: ['googlebot.com', 'google.com'] },
  // bing.com/webmasters/help/how-to-verify-bingbot-3905dc26
  { operator: 'Bing', suffixes: ['search.msn.com'] },
  // support.apple.com/119829
  { operator: 'Apple', suffixes: ['applebot.apple.com'] },
  // yandex.com/support/webmaster/robot-workings/check-yandex-robots.html
  { operator: 'Yandex', suffixes: ['yandex.ru', 'yandex.net', 'yandex.com'] },
  // help.baidu.com, "How can I know the crawling is from Baidu"
  { operator: 'Baidu', suffixes: ['baidu.com', 'baidu.jp'] },
]

/** A name of a host, in lower case and without the dot at its end. */
const HOST = /^(?:[a-z0-9_-]{1,63}\.){1,20}[a-z]{2,20}$/

/** Whose crawler a host is by its name; undefined: nobody's. The name alone proves nothing. */
export function operatorOf(name: string): string | undefined {
  const host = name.toLowerCase().replace(/\.$/, '')
  if (host.length > 253 || !HOST.test(host)) return undefined
  return CRAWLERS.find(({ suffixes }) => suffixes.some(suffix => host.endsWith(`.${suffix}`)))?.operator
}
